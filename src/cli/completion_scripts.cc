// `gotap completion SHELL`: the functions by which shells ask gotap what a word can become.
// Entry points: completion_script, print_completion.
//
// Facts: bash(1), Programmable Completion: what is in COMPREPLY replaces the word as it was typed,
// from the last of COMP_WORDBREAKS on; zshcompsys(1), zshcompwid(1): compadd quotes what it
// inserts; fish's complete(1): a word that ends in one of /=. gets no blank.
#include <cstdio>

#include "cli/commands.h"
#include "cli/completion.h"

namespace gotap::cli {

namespace {

constexpr const char* kBash = R"script(# gotap in bash: source <(gotap completion bash)
_gotap() {
  local word=${COMP_WORDS[COMP_CWORD]} candidate rest before=
  COMPREPLY=()
  # Of a word with : or = in it bash replaces what is behind the last of them.
  if [[ $word != [\'\"]* ]]; then
    local line=${COMP_LINE:0:COMP_POINT}
    local whole=${line##*[[:space:]]}
    if [[ $whole == *[:=]* ]]; then before=${whole%"${whole##*[:=]}"}; fi
  fi
  while IFS=$'\t' read -r candidate rest; do
    case $candidate in
      :files)
        compopt -o default 2> /dev/null
        if ((${#COMPREPLY[@]})); then
          local file
          while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -f -- "$word")
        fi
        continue
        ;;
      *[/.=]) compopt -o nospace 2> /dev/null ;;
    esac
    # Inside of quotes it stands as it is.
    if [[ $word != [\'\"]* ]]; then
      printf -v candidate %q "$candidate"
      candidate=${candidate#"$before"}
    fi
    COMPREPLY+=("$candidate")
  done < <("$1" __complete --line "${COMP_LINE:0:COMP_POINT}" 2> /dev/null)
}
complete -F _gotap gotap
)script";

constexpr const char* kZsh = R"script(#compdef gotap
# gotap in zsh: gotap completion zsh > a folder of $fpath/_gotap; or source <(gotap completion zsh)
_gotap() {
  local line candidate files
  local -a whole part shown
  for line in "${(@f)$("${(Q)words[1]}" __complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2> /dev/null)}"; do
    candidate=${line%%$'\t'*}
    case $candidate in
      '') ;;
      :files) files=1 ;;
      *[/.=]) part+=("$candidate") ;;
      *)
        whole+=("$candidate")
        shown+=("${line/$'\t'/  -- }")
        ;;
    esac
  done
  (( $#part )) && compadd -S '' -a part
  (( $#whole )) && compadd -l -d shown -a whole
  [[ -n $files ]] && _files
  return 0
}
if [ "${funcstack[1]}" = _gotap ]; then _gotap "$@"; else compdef _gotap gotap; fi
)script";

constexpr const char* kFish =
    R"script(# gotap in fish: gotap completion fish > ~/.config/fish/completions/gotap.fish
function __gotap_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    # In quotes that are still open it stands as it is.
    set -l plain (string unescape -- $word; or string replace -r '^["\']' '' -- $word; or echo $word)
    for line in ($words[1] __complete $words[2..-1] "$plain" 2> /dev/null)
        if test "$line" = :files
            __fish_complete_path $word
        else
            echo $line
        end
    end
end
complete -c gotap -f -a '(__gotap_complete)'
)script";

}  // namespace

std::string completion_script(const std::string& shell) {
  return shell == "bash" ? kBash : shell == "zsh" ? kZsh : kFish;
}

int print_completion(const Command& command) {
  std::fputs(completion_script(command.words[0]).c_str(), stdout);
  return 0;
}

}  // namespace gotap::cli
