// ScriptHost: what the dispatcher needs to know of the script room above it.
#pragma once

#include <cstdint>
#include <string_view>

namespace larder {

class ScriptHost {
 public:
  virtual ~ScriptHost() = default;

  // True while a script or function runs; then since when, on the monotonic clock.
  virtual bool running() const = 0;
  virtual int64_t running_since_us() const = 0;
  // The text of -BUSY for clients that meet a script over busy-reply-threshold.
  virtual std::string_view BusyError() const = 0;
  // Ends the running script, whatever it has changed (SHUTDOWN NOSAVE); it takes a moment.
  virtual void Abort() = 0;
  // SCRIPT FLUSH and FUNCTION FLUSH at FLUSHALL-like resets, INFO's counters.
  virtual size_t cached_scripts() const = 0;
  virtual size_t memory_bytes() const = 0;
};

}  // namespace larder
