#!/usr/bin/env bash
# chat --serve as programs use it: whole answers and streams, clients that leave or are slow, who may connect, limits,
# the end. What each answer says is tested elsewhere (tests/serve).
source "$(dirname "$0")/support.bash"
source tests/chain/small_catalog.bash
chat=(chat --base testdata/mini --adapter testdata/adapter --movies "$work/movies.bin")

# start NAME OPTION...: starts a server at a free port; its address is then in $url, its process in $server.
start() {
  local name=$1
  shift
  "${chat[@]}" --serve :0 --verbose "$@" >"$work/$name.out" 2>"$work/$name.err" &
  server=$!
  log=$work/$name.err
  for _ in $(seq 600); do
    url=$(sed -n 's/^chat: serving \(http.*\); Ctrl-C stops$/\1/p' "$log")
    [[ -z $url ]] || return 0
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  fail "the server does not start: $(<"$log")"
  finish
}

# stop SIGNAL: ends the server, which must exit with 0.
stop() {
  kill -"$1" "$server"
  wait "$server"
  expect_equal 0 $? "the exit status of chat --serve: $(<"$log")"
}

start main --memory "$work/memory.jsonl"
python3 tests/chain/serve_client.py "$url" || fail "a client of chat --serve; the server said: $(tail -n 5 "$log")"
grep -q '^chat: POST /v1/chat/completions 200 [0-9]* ms$' "$log" || fail "--verbose prints no requests: $(<"$log")"
# Of 80 clients that leave at once a few may have got their answer.
left=$(grep -c '^chat: POST /v1/chat/completions 499 ' "$log")
[[ $left -ge 40 ]] || fail "$left of 80 turns ended when their clients left"
expect_equal '{"verdict":"liked"}' "$(curl -s "$url/api/memory" -H 'Content-Type: application/json' \
  -d "{\"tconst\":\"$(head -1 "$work/titles")\",\"verdict\":\"liked\"}")" "POST /api/memory"
expect_equal "$(<"$work/memory.jsonl")" "$(curl -s "$url/api/memory")" "the memory's file and GET /api/memory"
port=${url##*:}
expect_error 1 "chat: --serve: cannot listen on 127.0.0.1:$port: Address already in use; choose another port, or 0 for any free one" \
  "${chat[@]}" --serve "127.0.0.1:$port"
stop INT

# A turn that runs, and a client that only listens, do not hold up the end.
start ending
curl -sN "$url/v1/chat/completions" -H 'Content-Type: application/json' \
  -d '{"stream":true,"messages":[{"role":"user","content":"hello"}]}' >"$work/cut" &
client=$!
exec {idle}<>"/dev/tcp/127.0.0.1/${url##*:}"
stop TERM
wait "$client"
exec {idle}>&-

# With a key.
echo 0123456789abcdefgh >"$work/key"
chmod 600 "$work/key"
start key --api-key-file "$work/key"
ask() { curl -s -o "$work/answer" -w '%{http_code}' "$url/v1/chat/completions" -H 'Content-Type: application/json' -d '{"messages":[{"role":"user","content":"hi"}]}' "$@"; }
expect_equal 401 "$(ask)" "without a key"
expect_equal 401 "$(ask -H 'Authorization: Bearer wrong')" "with a wrong key"
expect_equal 200 "$(ask -H 'Authorization: Bearer 0123456789abcdefgh')" "with the key"
expect_equal 200 "$(curl -s -o "$work/models" -w '%{http_code}' "$url/v1/models")" "/v1/models without a key"
expect_equal 401 "$(curl -s -o /dev/null -w '%{http_code}' "$url/api/start")" "/api/start without a key"
stop INT
grep -q 0123456789abcdefgh "$log" && fail "the key is in the log"

# Turns that have no place are refused.
start full --slots 1 --queue 0
python3 - "$url" <<'PY' || fail "a full server"
import concurrent.futures, json, sys, urllib.error, urllib.request
def ask(i):
    body = json.dumps({"messages": [{"role": "user", "content": f"a comedy from the nineties, please {i}"}]}).encode()
    request = urllib.request.Request(sys.argv[1] + "/v1/chat/completions", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        assert error.code == 503 and error.headers["Retry-After"] and "error" in json.load(error), error
        return error.code
with concurrent.futures.ThreadPoolExecutor(16) as pool:
    statuses = list(pool.map(ask, range(48)))
assert set(statuses) == {200, 503}, statuses
assert ask(0) == 200
PY
stop INT

# Addresses and keys that cannot be.
usage() { expect_error 2 "chat: $1" "${chat[@]}" "${@:2}"; }
usage '--serve: expected HOST:PORT with a port from 0 to 65535, found "localhost:http"' --serve localhost:http
usage "--serve: 0.0.0.0 can be reached from other machines; to allow that give --allow-remote and --api-key-file FILE" \
  --serve 0.0.0.0:0
usage "--allow-remote needs a key, so that not everybody gets in; give --api-key-file FILE, too" --serve 0.0.0.0:0 --allow-remote
usage '--allow-origin: expected an origin such as https://example.org, found "example.org"' --serve :0 --allow-origin example.org
echo short >"$work/short"
chmod 600 "$work/short"
usage "--api-key-file: $work/short: expected a key of 16 characters or more, found 5; head -c 24 /dev/urandom | base64 makes one" \
  --serve :0 --api-key-file "$work/short"
expect_error 1 "chat: --api-key-file: $work/none: cannot open: No such file or directory" \
  "${chat[@]}" --serve :0 --api-key-file "$work/none"
finish
