#include "server/commands/commands.h"

namespace larder {

std::vector<std::span<const Command>> AllCommands() {
  return {
      StringCommands(),   StringSetCommands(),  StringCounterCommands(), StringRangeCommands(),
      LcsCommands(),      KeyCommands(),        KeyMoveCommands(),       ObjectCommands(),
      ExpireCommands(),   ScanCommands(),       SortCommands(),          DatabaseCommands(),
      HashCommands(),     HashScanCommands(),   SetCommands(),           SetAlgebraCommands(),
      ListCommands(),     ListSearchCommands(), ListMoveCommands(),      ListBlockingCommands(),
      ZSetCommands(),     ZSetRangeCommands(),  ZSetAlgebraCommands(),   ZSetPopCommands(),
      ZSetScanCommands(), ConfigCommands(),     InfoCommands(),          ServerCommands(),
      LatencyCommands(),  SlowlogCommands(),    MemoryCommands(),        CommandCommands(),
      DebugCommands(),
  };
}

}  // namespace larder
