# Runs a guarded hook and starts Node only when something is wrong: what `hook-guard.cjs` does, at the price of two small
# processes. A run is one line in the hook's tally, which Node counts in when it next starts.
#
# usage: sh hook-guard.sh ID SECONDS CLASS 'COMMAND LINE' [EVENT]; EVENT where blocks are counted, which only Node does
#
# Every name here begins with `hook_guard_`: one that the environment has would reach the hook with another value. An
# error inside `$(( ))`, or of a redirection of a special command such as `:`, would end a shell with 2, which refuses the
# tool call: there are none of the one on foreign text, none of the other.
hook_guard_id=$1 hook_guard_seconds=$2 hook_guard_class=$3 hook_guard_command=$4 hook_guard_event=${5-}
hook_guard_state=$HOME/.claude/hook_state.json
case ${BREAKERBOX_HOOK_STATE-} in
  /*.json) hook_guard_state=$BREAKERBOX_HOOK_STATE ;;
esac
hook_guard_config=${BREAKERBOX_CONFIG:-$HOME/.claude/breakerbox.json}
hook_guard_runs=${hook_guard_state%/*}/hook_runs
hook_guard_ready=$hook_guard_runs/$hook_guard_id.ready
case $0 in
  */*) hook_guard_node=${0%/*}/hook-guard.cjs ;;
  *) hook_guard_node=./hook-guard.cjs ;;
esac

# Comes back only where there is no Node.
hook_guard_in_node() {
  if [ -f "$hook_guard_node" ] && command -v node >/dev/null; then
    exec node "$hook_guard_node" --class "$hook_guard_class" --timeout "$hook_guard_seconds" \
      ${hook_guard_event:+--event "$hook_guard_event"} "$@" --shell "$hook_guard_command"
  fi
}

# Node names the tally here while this shell may run the hook alone, and the seconds that the user's config allows it: not on
# the first run, not after a failure or a change of the config, not where timeout(1) would leave processes behind. One run in
# a hundred goes to Node all the same, which counts in what has gathered.
hook_guard_tally= hook_guard_allowed=
if [ -r "$hook_guard_ready" ]; then read -r hook_guard_tally hook_guard_allowed <"$hook_guard_ready"; fi
if [ -e "$hook_guard_config" ] && ! [ "$hook_guard_ready" -nt "$hook_guard_config" ]; then hook_guard_tally=; fi
case $$ in
  *00) hook_guard_tally= ;;
esac
if [ -n "$hook_guard_event" ] || [ -z "$hook_guard_tally" ] || ! command -v timeout >/dev/null; then
  hook_guard_in_node
  exec /bin/sh -c "$hook_guard_command"
fi
hook_guard_tally=$hook_guard_runs/$hook_guard_id.$hook_guard_tally.runs

# Hundredths of a second since the machine started, where that needs no process.
hook_guard_clock() {
  hook_guard_now=
  if [ -r /proc/uptime ] && read -r hook_guard_now </proc/uptime; then
    hook_guard_now=${hook_guard_now%% *}
    case $hook_guard_now in
      [1-9]*.[0-9][0-9]) hook_guard_now=${hook_guard_now%.*}${hook_guard_now#*.} ;;
      *) hook_guard_now= ;;
    esac
  fi
}

# One line in the tally: the exit code, and milliseconds where they are known.
hook_guard_note() {
  hook_guard_clock
  if [ -n "$hook_guard_began" ] && [ -n "$hook_guard_now" ]; then
    hook_guard_now=$(((hook_guard_now - hook_guard_began) * 10))
  else
    hook_guard_now=
  fi
  umask 077
  echo "$1 $hook_guard_now" 2>/dev/null >>"$hook_guard_tally"
}

# A session that this hook starts is one deeper than its own.
case ${BREAKERBOX_DEPTH-} in
  [0-9] | [1-9][0-9]) BREAKERBOX_DEPTH=$((BREAKERBOX_DEPTH + 1)) ;;
  '' | *[!0-9]*) BREAKERBOX_DEPTH=1 ;;
esac
export BREAKERBOX_DEPTH

hook_guard_clock
hook_guard_began=$hook_guard_now
hook_guard_child=
hook_guard_stopped=
# At once: there may be no time for more.
hook_guard_stop() {
  if [ -z "$hook_guard_stopped" ]; then
    hook_guard_note 143
    echo 2>/dev/null >"$hook_guard_ready"
  fi
  hook_guard_stopped=yes
  if [ -n "$hook_guard_child" ]; then kill "$hook_guard_child" 2>/dev/null; fi
}
trap hook_guard_stop TERM INT HUP

# In the background, so that a signal to us reaches it at once. A background command has no stdin but by another number.
# `timeout` makes it a process group of its own, and has the shell that the client has for hooks.
if { true 9<&0; } 2>/dev/null; then exec 9<&0; else exec 9</dev/null; fi
timeout -k 1 "${hook_guard_allowed:-$hook_guard_seconds}" /bin/sh -c "$hook_guard_command" <&9 9<&- &
hook_guard_child=$!
# The client learns when the hook closes its stdin.
exec </dev/null 9<&-
if [ -n "$hook_guard_stopped" ]; then kill "$hook_guard_child" 2>/dev/null; fi
wait "$hook_guard_child" 2>/dev/null
hook_guard_code=$?
if [ -n "$hook_guard_stopped" ]; then
  # A signal may cut the wait short.
  while kill -0 "$hook_guard_child" 2>/dev/null; do wait "$hook_guard_child" 2>/dev/null; done
  hook_guard_code=143
else
  hook_guard_note "$hook_guard_code"
fi

case $hook_guard_code in
  0 | 2) exit "$hook_guard_code" ;;
  # What ignored the request to end.
  124 | 137 | 143) kill -s KILL -- "-$hook_guard_child" 2>/dev/null ;;
esac
# From here on every run is Node's, also if this one is cut off.
echo 2>/dev/null >"$hook_guard_ready"
hook_guard_in_node --ended "$hook_guard_code"
exit "$hook_guard_code"
