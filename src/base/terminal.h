// What a person's terminal can show.
#pragma once

#include <cstddef>

namespace gotap {

bool is_terminal(int fd);

/// Columns of the terminal behind the descriptor; 80 if it is none, or does not say.
size_t terminal_width(int fd);

/// Its lines; 24 if it is none, or does not say.
size_t terminal_height(int fd);

/// Whether the terminal of TERM knows escape sequences: it is set and not "dumb".
bool can_draw();

/// Whether to write colours there: a terminal that can show them, and
/// a user who has not set NO_COLOR to anything (no-color.org).
bool wants_colour(int fd);

}  // namespace gotap
