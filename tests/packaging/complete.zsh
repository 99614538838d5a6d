# Completes the command lines of a file in an interactive zsh, as Tab does at their ends; prints "== LINE" and what is
# offered.
#
#     zsh -f complete.zsh SHARE LINES WORK
zmodload zsh/zpty
export SHARE=$1 LINES_FILE=$2 WORK=$3
cat >$WORK/zshrc <<'RC'
PROMPT=
fpath=($SHARE/zsh/vendor-completions $fpath)
autoload -Uz compinit
compinit -u -d $WORK/zcompdump
zstyle ':completion:*' insert-tab false
LISTMAX=10000
# What is offered goes through it at last; calls that only ask what would match go on.
compadd() {
  local -a __hits
  if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
    builtin compadd -A __hits "$@"
    (($#__hits == 0)) || print -rl -- $__hits >>$WORK/zsh-offered
  fi
  builtin compadd "$@"
}
batch() {
  local line
  while IFS= read -r line; do
    print -r -- "== $line" >>$WORK/zsh-offered
    BUFFER=$line
    CURSOR=$#BUFFER
    zle complete-word
  done <$LINES_FILE
  exit
}
zle -N batch
bindkey '^T' batch
RC
: >$WORK/zsh-offered
zpty shell 'zsh -f -i'
zpty -w shell "source $WORK/zshrc"
zpty -n -w shell $'\x14'
while zpty -r shell said; do print -r -- $said >>$WORK/zsh-screen; done
cat $WORK/zsh-offered
