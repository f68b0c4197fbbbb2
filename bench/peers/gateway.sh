#!/usr/bin/env bash
# A gateway that Millrace is measured against: serves the OpenAI API on PORT, in front of the upstream
# http://127.0.0.1:UPSTREAM_PORT/v1, until SIGTERM.
#
#   bench/peers/gateway.sh NAME PORT UPSTREAM_PORT
#
# NAME is litellm, smg or portkey; bench/peers/setup.sh installs them. Once a chat was answered through the gateway it
# prints one line of JSON: the headers and the model to call with, and the gateway's version and process.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
# shellcheck source-path=SCRIPTDIR/../..
source "$root/bench/peers/lib.sh"

(($# == 3)) || die "usage: gateway.sh NAME PORT UPSTREAM_PORT"
name=$1 port=$2 upstream="http://127.0.0.1:$3"
home="$peers/$name"
[[ -d "$home" ]] || die "$name is not installed: bench/peers/setup.sh $name"
model=gpt-4o-mini
headers='{"authorization": "Bearer dummy"}'

# A worker for each core, as every other has threads; retries, callbacks and logs off.
start_litellm() {
    local key
    key="sk-$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')"
    headers="{\"authorization\": \"Bearer $key\"}"
    cat >"$work/config.yaml" <<YAML
model_list:
  - model_name: $model
    litellm_params: {model: openai/$model, api_base: "$upstream/v1", api_key: dummy}
litellm_settings: {num_retries: 0, callbacks: []}
YAML
    # It keeps its table of prices in the package and need not look for a newer one.
    start "$name" env LITELLM_LOG=ERROR LITELLM_MASTER_KEY="$key" LITELLM_LOCAL_MODEL_COST_MAP=True \
        "$home/bin/litellm" --config "$work/config.yaml" --host 127.0.0.1 --port "$port" --num_workers "$(nproc)" --telemetry False
}

# It knows the models that the upstream lists, and no others.
start_smg() {
    model=mock
    start "$name" "$home/bin/smg" launch --host 127.0.0.1 --port "$port" --worker-urls "$upstream" \
        --policy round_robin --prometheus-host 127.0.0.1 --prometheus-port "$(free_port)" --log-level error
}

start_portkey() {
    headers="{\"authorization\": \"Bearer dummy\", \"x-portkey-provider\": \"openai\",
        \"x-portkey-custom-host\": \"$upstream/v1\"}"
    start "$name" env NODE_ENV=production node \
        "$home/node_modules/@portkey-ai/gateway/build/start-server.js" "--port=$port" --headless
}

version() {
    case "$name" in
        portkey) node -p "require('$home/node_modules/@portkey-ai/gateway/package.json').version" ;;
        *) "$home/bin/python" -c "from importlib.metadata import version; print(version('$name'))" ;;
    esac
}

case "$name" in
    litellm | smg | portkey) "start_$name" ;;
    *) die "unknown gateway: $name" ;;
esac
process=${started[-1]}
python3 - "$port" "$headers" "$model" "$(version)" "$process" <<'PYTHON' &
import json, os, sys, time, urllib.error, urllib.request

port, headers, model, version, process = sys.argv[1:]
headers = json.loads(headers)
body = {"model": model, "messages": [{"role": "user", "content": "hello"}]}
request = urllib.request.Request(
    f"http://127.0.0.1:{port}/v1/chat/completions",
    json.dumps(body).encode(),
    headers | {"content-type": "application/json"},
)
end = time.monotonic() + 55
while True:
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            answer.read()
        break
    except OSError as error:
        # An answer that says no is an OSError too; right after the start a gateway may not know its upstream yet.
        said = f"{error}: {error.read(200).decode()}" if isinstance(error, urllib.error.HTTPError) else error
        if time.monotonic() > end:
            sys.exit(f"no chat was answered in 55 s: {said}")
        try:
            os.kill(int(process), 0)
        except ProcessLookupError:
            sys.exit("it ended at once")
        time.sleep(0.1)
ready = {"ready": True, "headers": headers, "model": model, "version": version, "pid": int(process)}
print(json.dumps(ready), flush=True)
PYTHON
started+=("$!")
wait "$!" || die "$name: $(tail -q -n 1 "$work/$name.log")"
unset 'started[-1]'
wait "$process" || die "$name ended: $(tail -q -n 1 "$work/$name.log")"
