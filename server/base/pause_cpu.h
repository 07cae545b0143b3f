// PauseCpu: between two looks at what another running thread is about to change. Costs some dozens
// of cycles, which its sibling on the core gets. Any thread.
#pragma once

namespace larder {

inline void PauseCpu() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace larder
