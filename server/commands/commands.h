// The tables of the command room: one function per file, each a span of constant rows. A new
// command is one row and one handler in the file of its theme, and a transcript in tests/commands;
// a new file adds its function here and to AllCommands.
//
// The spans live as long as the program; any thread.
#pragma once

#include <span>
#include <vector>

#include "server/engine/command.h"

namespace larder {

// Strings.
std::span<const Command> StringCommands();         // strings.cc: GET and its relatives
std::span<const Command> StringCounterCommands();  // strings_counter.cc: INCR …
std::span<const Command> StringSetCommands();      // strings_set.cc: SET, MSET, MGET …
std::span<const Command> StringRangeCommands();  // strings_range.cc: APPEND, GETRANGE, SETRANGE …
std::span<const Command> LcsCommands();          // strings_lcs.cc
std::span<const Command> BitmapCommands();       // bitmaps.cc: SETBIT, BITCOUNT …
std::span<const Command> BitOpCommands();        // bitmaps_op.cc
std::span<const Command> BitFieldCommands();     // bitfields.cc
std::span<const Command> HyperLogLogCommands();  // hyperloglogs.cc: PFADD …

// Collections.
std::span<const Command> HashCommands();
std::span<const Command> HashScanCommands();
std::span<const Command> SetCommands();
std::span<const Command> SetAlgebraCommands();
std::span<const Command> ListCommands();
std::span<const Command> ListSearchCommands();    // lists_search.cc: LINSERT, LREM, LPOS
std::span<const Command> ListMoveCommands();      // lists_move.cc: LMOVE, LMPOP …
std::span<const Command> ListBlockingCommands();  // lists_blocking.cc: BLPOP …
std::span<const Command> ZSetCommands();
std::span<const Command> ZSetRangeCommands();
std::span<const Command> ZSetAlgebraCommands();  // zsets_algebra.cc: ZUNION, ZINTER, ZDIFF …
std::span<const Command> ZSetPopCommands();      // zsets_pop.cc: ZPOPMIN, BZPOPMIN …
std::span<const Command> ZSetScanCommands();     // zsets_scan.cc: ZRANDMEMBER, ZSCAN
std::span<const Command> GeoCommands();          // geo.cc: GEOADD, GEODIST …
std::span<const Command> GeoSearchCommands();    // geo_search.cc: GEOSEARCH, GEORADIUS …
std::span<const Command> StreamCommands();       // streams.cc: XADD, XTRIM, XDEL …
std::span<const Command> StreamRangeCommands();
std::span<const Command> StreamReadCommands();     // streams_read.cc: XREAD, XREADGROUP
std::span<const Command> StreamGroupCommands();    // streams_group.cc: XGROUP
std::span<const Command> StreamPendingCommands();  // streams_pending.cc: XACK, XPENDING
std::span<const Command> StreamClaimCommands();    // streams_claim.cc: XCLAIM, XAUTOCLAIM
std::span<const Command> StreamInfoCommands();     // streams_info.cc: XINFO

// Keys of any type.
std::span<const Command> KeyCommands();       // keys.cc: DEL, EXISTS, TYPE …
std::span<const Command> KeyMoveCommands();   // keys_move.cc: RENAME, COPY, MOVE
std::span<const Command> DumpCommands();      // dump.cc: DUMP, RESTORE
std::span<const Command> MigrateCommands();   // migrate.cc
std::span<const Command> ObjectCommands();    // object.cc
std::span<const Command> ExpireCommands();    // expire.cc
std::span<const Command> ScanCommands();      // scan.cc: SCAN, KEYS, RANDOMKEY
std::span<const Command> SortCommands();      // sort.cc
std::span<const Command> DatabaseCommands();  // databases.cc: SELECT, FLUSHALL, SWAPDB

// Clients.
std::span<const Command> ConnectionCommands();     // connection.cc: PING, HELLO, RESET …
std::span<const Command> AuthCommands();           // auth.cc
std::span<const Command> AclCommands();            // acl.cc: the users
std::span<const Command> AclInfoCommands();        // acl_info.cc: CAT, LOG, DRYRUN …
std::span<const Command> ClientCommands();         // client_commands.cc
std::span<const Command> ClientControlCommands();  // client_control.cc: KILL, PAUSE …
std::span<const Command> ClientTrackingCommands();
std::span<const Command> TransactionCommands();  // transactions.cc
std::span<const Command> ModuleCommands();       // modules.cc
std::span<const Command> ClusterCommands();      // cluster.cc: answers that there is none
std::span<const Command> PubSubCommands();       // pubsub.cc: PUBLISH, PUBSUB
std::span<const Command> SubscribeCommands();    // pubsub_subscribe.cc

// The server.
std::span<const Command> ScriptCommands();        // scripting.cc: EVAL, SCRIPT
std::span<const Command> FunctionCommands();      // functions.cc: FCALL, FUNCTION
std::span<const Command> FunctionDumpCommands();  // functions_dump.cc: FUNCTION DUMP, RESTORE
std::span<const Command> CommandCommands();       // COMMAND and its subcommands
std::span<const Command> ConfigCommands();
std::span<const Command> InfoCommands();
std::span<const Command> ServerCommands();
std::span<const Command> PersistenceCommands();  // persistence.cc: SAVE, SHUTDOWN …
std::span<const Command> DebugCommands();
std::span<const Command> LatencyCommands();
std::span<const Command> SlowlogCommands();
std::span<const Command> MemoryCommands();

// All tables above, for the CommandTable.
std::vector<std::span<const Command>> AllCommands();

}  // namespace larder
