# Completes the command lines of stdin in fish; prints "== LINE" and what is offered.
#
#     fish --no-config complete.fish SHARE <lines
for program in weir weir-load
    source $argv[1]/fish/vendor_completions.d/$program.fish
end
while read -l line
    echo "== $line"
    complete -C $line | string replace -r '\t.*' ''
end
exit 0
