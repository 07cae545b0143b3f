#include "server/commands/commands.h"

namespace larder {

std::vector<std::span<const Command>> AllCommands() {
  // clang-format off: a line for each
  return {
      StringCommands(),
      StringSetCommands(),
      StringCounterCommands(),
      StringRangeCommands(),
      LcsCommands(),
      BitmapCommands(),
      BitOpCommands(),
      BitFieldCommands(),
      HyperLogLogCommands(),
      KeyCommands(),
      KeyMoveCommands(),
      ObjectCommands(),
      ExpireCommands(),
      ScanCommands(),
      SortCommands(),
      DatabaseCommands(),
      HashCommands(),
      HashScanCommands(),
      SetCommands(),
      SetAlgebraCommands(),
      ListCommands(),
      ListSearchCommands(),
      ListMoveCommands(),
      ListBlockingCommands(),
      ZSetCommands(),
      ZSetRangeCommands(),
      ZSetAlgebraCommands(),
      ZSetPopCommands(),
      ZSetScanCommands(),
      GeoCommands(),
      GeoSearchCommands(),
      ConnectionCommands(),
      ClientCommands(),
      ClientControlCommands(),
      ClientTrackingCommands(),
      TransactionCommands(),
      PubSubCommands(),
      StandInCommands(),
      CommandCommands(),
      ConfigCommands(),
      InfoCommands(),
      ServerCommands(),
      LatencyCommands(),
      SlowlogCommands(),
      MemoryCommands(),
      ScriptCommands(),
      DebugCommands(),
  };
  // clang-format on
}

}  // namespace larder
