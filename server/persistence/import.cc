#include "server/persistence/import.h"

#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <utility>

#include "protocol/request_writer.h"
#include "server/base/hex.h"
#include "server/base/numbers.h"
#include "server/base/strings.h"
#include "server/persistence/peer_connection.h"
#include "server/persistence/snapshot_file.h"

namespace larder {
namespace {

constexpr std::string_view kScheme = "redis", kBehindScheme = "://";
// Of silence, after which the server counts as gone: it sends an empty line at least every ten
// seconds while it makes its snapshot.
constexpr int64_t kSilenceMs = 60'000;

bool Decode(std::string_view text, std::string* decoded) {
  decoded->clear();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded->push_back(text[i]);
      continue;
    }
    uint8_t byte[1];
    if (!ParseHex(text.substr(i + 1, 2), byte)) return false;
    decoded->push_back(static_cast<char>(byte[0]));
    i += 2;
  }
  return true;
}

bool ParseNumber(std::string_view text, int64_t most, int* number) {
  int64_t value;
  if (!ParseInt64(text, &value) || value < 0 || value > most) return false;
  *number = static_cast<int>(value);
  return true;
}

class FullSyncSource : public RdbSource {
 public:
  explicit FullSyncSource(std::unique_ptr<PeerConnection> peer) : peer_(std::move(peer)) {}

  // Asks for the data set. False: *error says why there is none.
  bool Begin(const ImportAddress& address, uint64_t* size_bytes, std::string* error) {
    std::string line;
    if (!address.password.empty()) {
      const bool admitted = address.user.empty()
                                ? Ask({"AUTH", address.password}, &line, error)
                                : Ask({"AUTH", address.user, address.password}, &line, error);
      if (!admitted) return false;
    }
    // A server that does not know of it goes on with a file.
    if (!Ask({"REPLCONF", "capa", "eof"}, &line, error) && line.empty()) return false;
    if (!Ask({"PSYNC", "?", "-1"}, &line, error)) return false;
    if (!line.starts_with("+FULLRESYNC")) return Refuse(line, error);
    if (!NextLine(&line, error)) return false;
    if (line.starts_with("$EOF:")) return true;
    int64_t size;
    if (!line.starts_with('$') || !ParseInt64(line.substr(1), &size) || size < 0) {
      return Refuse(line, error);
    }
    *size_bytes = static_cast<uint64_t>(size);
    return true;
  }

  size_t Read(char* to, size_t most) override { return peer_->ReadSome(to, most, kSilenceMs); }

 private:
  static bool Refuse(const std::string& line, std::string* error) {
    *error = StrCat("the server answers: ", line);
    return false;
  }

  // The next line that says something.
  bool NextLine(std::string* line, std::string* error) {
    do {
      if (!peer_->ReadLine(line, kSilenceMs)) {
        *error = peer_->timed_out() ? "the server is silent" : "the server has closed the link";
        return line->clear(), false;
      }
    } while (line->empty());
    return true;
  }

  bool Ask(std::initializer_list<std::string_view> words, std::string* line, std::string* error) {
    if (!peer_->Send(EncodeRequest(words), kSilenceMs)) {
      *error = "the server has closed the link";
      return line->clear(), false;
    }
    if (!NextLine(line, error)) return false;
    return !line->starts_with('-') || Refuse(*line, error);
  }

  const std::unique_ptr<PeerConnection> peer_;
};

std::optional<Import> OpenFile(const std::string& path, std::string* error) {
  auto file = std::make_unique<FileSource>(path);
  if (!file->opened()) {
    *error = std::strerror(errno);
    return std::nullopt;
  }
  Import import;
  import.size_bytes = file->size_bytes();
  import.source = std::move(file);
  return import;
}

std::optional<Import> OpenServer(const ImportAddress& address, const std::atomic<bool>* stop,
                                 std::string* error) {
  auto peer = PeerConnection::Connect(address.host, address.port, kSilenceMs, nullptr, stop);
  if (peer == nullptr) {
    *error = StrCat("no connection to ", address.host, " port ", address.port);
    return std::nullopt;
  }
  auto source = std::make_unique<FullSyncSource>(std::move(peer));
  Import import;
  if (!source->Begin(address, &import.size_bytes, error)) return std::nullopt;
  import.source = std::move(source);
  import.only_db = address.db;
  return import;
}

}  // namespace

std::optional<ImportAddress> ParseImportAddress(std::string_view text) {
  ImportAddress address;
  const size_t scheme = text.find(kBehindScheme);
  if (!EqualsIgnoreCase(text.substr(0, scheme), kScheme)) return std::nullopt;
  text.remove_prefix(scheme + kBehindScheme.size());
  if (const size_t at = text.rfind('@'); at != std::string_view::npos) {
    const std::string_view login = text.substr(0, at);
    const size_t colon = login.find(':');
    const size_t password = colon == std::string_view::npos ? 0 : colon + 1;
    if (colon != std::string_view::npos && !Decode(login.substr(0, colon), &address.user)) {
      return std::nullopt;
    }
    if (!Decode(login.substr(password), &address.password)) return std::nullopt;
    text.remove_prefix(at + 1);
  }
  if (const size_t slash = text.find('/'); slash != std::string_view::npos) {
    const std::string_view db = text.substr(slash + 1);
    if (!db.empty() && !ParseNumber(db, INT32_MAX, &address.db)) return std::nullopt;
    text = text.substr(0, slash);
  }
  // The colons of an IPv6 address are inside brackets.
  const size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && !text.ends_with(']')) {
    if (!ParseNumber(text.substr(colon + 1), UINT16_MAX, &address.port)) return std::nullopt;
    text = text.substr(0, colon);
  }
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  if (text.empty() || address.port == 0) return std::nullopt;
  address.host = text;
  return address;
}

bool IsImportAddress(std::string_view text) { return text.find(kBehindScheme) != text.npos; }

std::optional<Import> OpenImport(const std::string& from, int databases,
                                 const std::atomic<bool>* stop, std::string* error) {
  if (!IsImportAddress(from)) return OpenFile(from, error);
  const std::optional<ImportAddress> address = ParseImportAddress(from);
  if (!address) {
    *error = "write it as redis://[[user:]password@]host[:port][/database] (TLS needs a tunnel)";
    return std::nullopt;
  }
  if (address->db >= databases) {
    *error = StrCat("there is no database ", address->db, " here, only ", databases,
                    " (directive databases)");
    return std::nullopt;
  }
  return OpenServer(*address, stop, error);
}

}  // namespace larder
