#include "server/persistence/rdb_parts.h"

#include <utility>

namespace larder {
namespace {

// The checksum is that of the whole file.
RdbSave::Options WithoutChecksum(RdbSave::Options options) {
  options.writer.checksum = false;
  return options;
}

}  // namespace

RdbPart::RdbPart(RdbParts& parts, RdbSave::Options options, const ValueLimits& limits)
    : parts_(parts), save_(*this, WithoutChecksum(std::move(options)), limits) {
  pending_.reserve(kMemoryBytes);
}

// The lock is held from TakeFile to GiveFile, across calls that the analysis can't follow.

bool RdbPart::Write(std::string_view bytes) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  if (has_file_) {
    parts_.whole_.Append(bytes);
    return true;
  }
  pending_ += bytes;
  if (pending_.size() >= kChunkBytes) TakeFile();
  return true;
}

void RdbPart::TakeFile() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  parts_.mutex_.Lock();
  has_file_ = true;
  parts_.whole_.Append(pending_);
  pending_.clear();
}

void RdbPart::GiveFile() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  save_.EndChunk();
  if (!parts_.whole_.ok()) parts_.ok_.store(false, std::memory_order_relaxed);
  has_file_ = false;
  parts_.mutex_.Unlock();
}

void RdbPart::Finish() {
  if (!ok()) return;
  save_.EndChunk();
  if (!has_file_) TakeFile();
  GiveFile();
}

}  // namespace larder
