// What the files of the list commands share.
#pragma once

#include <cstddef>

#include "server/commands/pop_request.h"
#include "server/engine/context.h"
#include "server/store/list.h"

namespace larder {

// Reads LEFT or RIGHT at word `i`. False after a syntax error was answered.
bool ParseListEnd(Context& c, size_t i, List::End* end);

// Answers up to `count` elements from one end as an array and removes them, the key too if nothing
// is left.
void PopElements(Context& c, const Key& key, List& list, List::End end, size_t count);
// The same for one element, answered by itself.
void PopElement(Context& c, const Key& key, List& list, List::End end);

// Moves an element from the list at word 1, which is not empty, to the one at word 2, and answers
// it.
void MoveElement(Context& c, List& source, List::End from, List::End to);

// LMPOP: answers the key and its elements for the first key that has some. False, with nothing
// answered, where none has; true also after WRONGTYPE was answered.
bool PopFromFirst(Context& c, const PopRequest& request);

}  // namespace larder
