// What a person's terminal can show.
#pragma once

#include <cstddef>

namespace gotap {

bool is_terminal(int fd);

/// Columns of the terminal behind the descriptor; 80 if it is none, or does not say.
size_t terminal_width(int fd);

/// Whether to write colours there: a terminal that can show them (TERM is set and not "dumb"), and
/// a user who has not set NO_COLOR to anything (no-color.org).
bool wants_colour(int fd);

}  // namespace gotap
