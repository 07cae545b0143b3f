// Pages of the program and its libraries that only the start has needed: a quarter of what a server
// at rest would be seen to use, until memory is short. What is needed again is found in the page
// cache and mapped without reading. Once, when the start is over; any thread.
#pragma once

namespace larder {

// Unmaps code and constants of the whole process. Does nothing under a debugger, whose breakpoints
// are changed pages of code.
void UnmapStartPages();

}  // namespace larder
