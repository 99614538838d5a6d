# Completes the command lines of stdin in bash, as Tab does at their ends; prints "== LINE" and what is offered.
#
#     bash --norc complete.bash SHARE <lines
#
# shellcheck shell=bash disable=SC1090,SC1091,SC2034
source /usr/share/bash-completion/bash_completion
complete_line() {
  local line=$1 word rest=$1 function
  # Words as readline parts them: = and : are words of their own.
  COMP_WORDS=()
  while [[ $rest =~ ^\ *([^\ =:]+|[=:]+)(.*)$ ]]; do
    COMP_WORDS+=("${BASH_REMATCH[1]}")
    rest=${BASH_REMATCH[2]}
  done
  [[ $line != *' ' ]] || COMP_WORDS+=('')
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$line COMP_POINT=${#line} COMP_TYPE=9 COMP_KEY=9 COMPREPLY=()
  function=$(complete -p "${COMP_WORDS[0]}" | sed -E 's/.* -F ([^ ]+) .*/\1/')
  word=${COMP_WORDS[COMP_CWORD]}
  # compopt works only while readline completes.
  compopt() { :; }
  "$function" "${COMP_WORDS[0]}" "$word" "${COMP_WORDS[COMP_CWORD - 1]}"
  printf '== %s\n' "$line"
  ((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
}
# As bash-completion loads them when they are asked for, from within a function.
BASH_COMPLETION_USER_DIR=$1/bash-completion
for program in weir weir-load; do
  _completion_loader $program || true  # 124 asks bash to try again
done
while IFS= read -r line; do complete_line "$line"; done
