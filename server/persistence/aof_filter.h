// AofFilter: what the append-only file gets of the replication stream where database-persist leaves
// databases out. The stream carries everything, in requests; commands of databases that are left
// out are dropped, and what takes a key over the border becomes what it is on this side: MOVE out
// of the file's databases a DEL, COPY nothing. The other way round the value must come with it,
// which is why the commands themselves put RESTORE into the stream (server/commands/keys_move.cc);
// a primary that knows nothing of our border does not, and then only a rewrite has the value:
// crossed().
//
// One thread at a time. Memory: a request that is not whole in one piece of the log is copied
// together.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/request_parser.h"
#include "replication/log/replication_log.h"
#include "server/config/database_set.h"

namespace larder {

class AofFilter {
 public:
  using Pieces = std::vector<ReplicationLog::Piece>;

  // `db`: the database that the stream is in where the filter begins; LogBlock::kAnyDb: it selects
  // one first.
  AofFilter(const DatabaseSet& left_out, int db) : left_out_(left_out), db_(db) {}

  // Puts what the file gets in the place of the stream's bytes. The pieces are good until the next
  // call.
  void Apply(Pieces& pieces);
  // Since the last call something came into the file's databases that the stream does not hold.
  bool TakeCrossed();

 private:
  using Args = std::vector<std::string_view>;
  enum class Fate { kDrop, kKeep, kKeepAnywhere, kDelete };

  void Take(const ReplicationLog::Piece& piece, Pieces& out);
  size_t Complete(const ReplicationLog::Piece& piece, Pieces& out);
  void GiveUp();
  void Handle(const ReplicationLog::Piece& request, Pieces& out);
  bool Follow(Pieces& out);
  Fate FateOf();
  Fate FateOfMove(int64_t target_db, Fate where_it_leaves);
  int64_t CopyTarget() const;
  void Keep(const ReplicationLog::Piece& request, Pieces& out);
  void Text(std::string text, Pieces& out);

  const DatabaseSet left_out_;
  int db_;                             // that the stream is in
  int written_db_ = LogBlock::kAnyDb;  // and the file
  bool multi_ = false, multi_written_ = false;
  bool crossed_ = false;
  RequestParser parser_;
  Args words_;
  std::string begun_;              // a request whose rest has not come yet
  std::deque<std::string> texts_;  // what pieces without a chunk point to
};

}  // namespace larder
