# at-a-terminal.zsh SCRIPT LINE…: a zsh at a terminal that has read a completion script. Types each line, presses Tab, and
# prints what stands there then.
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PROMPT=; unset zle_bracketed_paste; autoload -U compinit; compinit -u -D; source $1"
# Control-X shows the line and throws it away. The marks are put together, for what is typed is echoed.
zpty -w shell 'shown() { print -r -- "LINE""=[$BUFFER]"; BUFFER= }; zle -N shown; bindkey "^X" shown; print READY""NOW'
zpty -r shell out '*READYNOW*'
shift
for line in "$@"; do
  zpty -w -n shell "$line"$'\t\x18'
  zpty -r shell out '*LINE=\[*\]*'
  print -r -- "${${out##*LINE=\[}%%\]*}"
done
zpty -d shell
