#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the daemon against a floor and its own goals, in one run, and prints a table.

    python3 tests/bench/bench.py --build build/release [--seconds 20] [--quick]

Everything stays on loopback: an nginx of its own, a server that never answers, a stand-in for a webhook.
Figures are CPU time and ratios, since wall time on a shared machine says little. Needs nginx; measures monit
and blackbox_exporter beside where they are installed.
"""
import argparse, http.server, json, os, re, shutil, signal, socket, statistics, subprocess, sys, tempfile, threading, time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_port(port, bound=15):
    end = time.monotonic() + bound
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"bench: nothing listens on port {port}")


def cpu_ns(pid):
    """CPU time of a process, from its threads' schedstat: nanoseconds, not ticks."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except (OSError, IndexError):
            pass
    return total


def memory_kib(pid):
    out = {}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        m = re.match(r"(VmRSS|RssAnon|RssFile|Threads):\s+(\d+)", line)
        if m:
            out[m[1]] = int(m[2])
    return out


class Nginx:
    def __init__(self, root):
        self.port, self.dir = free_port(), Path(root) / "nginx"
        self.dir.mkdir()
        (self.dir / "nginx.conf").write_text(f"""
worker_processes 1; daemon off; pid {self.dir}/pid; error_log {self.dir}/error.log;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_timeout 0;
  client_body_temp_path {self.dir}; proxy_temp_path {self.dir}; fastcgi_temp_path {self.dir};
  uwsgi_temp_path {self.dir}; scgi_temp_path {self.dir};
  server {{ listen 127.0.0.1:{self.port} backlog=4096; location / {{ return 200 "ok\\n"; }} location /status {{ stub_status; }} }} }}
""")
        self.process = subprocess.Popen(["nginx", "-c", str(self.dir / "nginx.conf"), "-p", str(self.dir)],
                                        stderr=subprocess.DEVNULL)
        wait_port(self.port)

    def requests(self):
        with socket.create_connection(("127.0.0.1", self.port)) as s:
            s.sendall(b"GET /status HTTP/1.0\r\n\r\n")
            text = b"".join(iter(lambda: s.recv(4096), b"")).decode()
        return int(re.search(r"\n\s*(\d+) (\d+) (\d+)", text)[3])

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Hanging:
    """Accepts connections and never answers."""
    def __init__(self):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(4096)
        self.port = self.socket.getsockname()[1]
        self.held = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            conn, _ = self.socket.accept()
            self.held.append(conn)
            if len(self.held) > 2000:
                self.held.pop(0).close()


class Chat(http.server.ThreadingHTTPServer):
    """A webhook that notes when each message arrived. (What is right to send is the tests' business.)"""
    daemon_threads = True

    def __init__(self):
        self.arrived, self.seen = [], threading.Condition()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                now = time.monotonic()
                text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"]
                with outer.seen:
                    outer.arrived.append((now, text))
                    outer.seen.notify_all()
                body = b'{"name":"spaces/B/messages/m","thread":{"name":"spaces/B/threads/t"}}'
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, space="B"):
        return f"http://127.0.0.1:{self.server_port}/v1/spaces/{space}/messages?key=k&token=t"

    def wait_text(self, word, after, bound=30):
        with self.seen:
            end = time.monotonic() + bound
            while True:
                for at, text in self.arrived:
                    if at >= after and word in text:
                        return at
                if not self.seen.wait(end - time.monotonic()):
                    raise SystemExit(f"bench: no {word} message came")


class Daemon:
    def __init__(self, binary, root, yaml):
        self.dir = Path(tempfile.mkdtemp(dir=root))
        self.web = free_port()
        (self.dir / "t.yaml").write_text(
            f"state_dir: {self.dir}/state\nweb: {{listen: \"127.0.0.1:{self.web}\"}}\nlog: {{level: error}}\n" + yaml)
        self.log = open(self.dir / "log", "w")
        self.process = subprocess.Popen([binary, "run", "--config", str(self.dir / "t.yaml")], stdout=self.log,
                                        stderr=self.log)
        self.pid = self.process.pid
        wait_port(self.web)

    def get(self, path):
        with socket.create_connection(("127.0.0.1", self.web)) as s:
            s.sendall(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{self.web}\r\n\r\n".encode())
            answer = b"".join(iter(lambda: s.recv(65536), b""))
        return answer.split(b"\r\n\r\n", 1)[1].decode()

    def stop(self):
        self.process.terminate()
        if self.process.wait(10) != 0:
            print((self.dir / "log").read_text()[-2000:], file=sys.stderr)
            raise SystemExit("bench: the daemon did not end well")


def http_checks(count, port, interval):
    return (f"defaults: {{interval: {interval}, timeout: 2s}}\nnotifiers: [{{name: c, console: {{}}}}]\nchecks:\n" +
            "".join(f"- {{name: web-{i}, http: 'http://127.0.0.1:{port}/'}}\n" for i in range(count)))


rows = []


def row(what, value, goal=""):
    rows.append((what, value, goal))
    print(f"  {what}: {value}" + (f"  (goal {goal})" if goal else ""), flush=True)


def cost_window(nginx, pids, seconds):
    before, cpu = nginx.requests(), sum(map(cpu_ns, pids))
    time.sleep(seconds)
    requests = nginx.requests() - before - 1
    return (sum(map(cpu_ns, pids)) - cpu) / 1000 / max(requests, 1), requests / seconds


def bench_cost(args, root, nginx):
    """CPU a probe at 2,000 probes/s with 4,000 checks, the floor before, between and after."""
    floor_binary = f"{args.build}/tests/bench/tocsin_bench_floor"

    def floor():
        out = subprocess.run([floor_binary, str(nginx.port), "2000", str(args.seconds)], capture_output=True, text=True,
                             check=True).stdout.split()
        return float(out[2])

    floors, ours, ratios = [floor()], [], []
    daemon = Daemon(args.binary, root, http_checks(4000, nginx.port, "2s"))
    time.sleep(4)
    for _ in range(3):
        cost, rate = cost_window(nginx, [daemon.pid], args.seconds)
        os.kill(daemon.pid, signal.SIGSTOP)
        floors.append(floor())
        os.kill(daemon.pid, signal.SIGCONT)
        time.sleep(4)
        ours.append(cost)
        ratios.append(cost / statistics.mean(floors[-2:]))
    daemon.stop()
    row("floor, CPU a probe", f"{min(floors):.0f}-{max(floors):.0f} us")
    row("tocsin, CPU a probe at 2,000/s", f"{min(ours):.0f}-{max(ours):.0f} us at {rate:.0f}/s")
    row("tocsin / floor, median of 3", f"{statistics.median(ratios):.2f}", "<= 1.6")


def bench_memory(args, root, nginx):
    kib = {}
    for count in (10, 1000, 10000):
        daemon = Daemon(args.binary, root, http_checks(count, nginx.port, "10s"))
        time.sleep(12 if not args.quick else 6)
        kib[count] = memory_kib(daemon.pid)
        daemon.stop()
        m = kib[count]
        row(f"memory at {count} checks", f"{m['VmRSS']/1024:.1f} MiB resident, {m['RssAnon']/1024:.1f} MiB of it anonymous",
            "<= 24 MiB, <= 6 MiB" if count == 10 else "")
    each = (kib[10000]["RssAnon"] - kib[10]["RssAnon"]) / (10000 - 10)
    row("memory a check, 10 to 10,000", f"{each:.2f} KiB", "<= 2.5 KiB")


def quantile(buckets, q):
    total, before, lower = buckets[-1][1], 0, 0.0
    for bound, count in buckets:
        if count >= q * total:
            if bound == float("inf"):
                return lower
            share = (q * total - before) / max(count - before, 1)
            return lower + (bound - lower) * share
        before, lower = count, bound
    return lower


def bench_lateness(args, root, nginx):
    hanging = Hanging()
    yaml = http_checks(1000, nginx.port, "1s") + "".join(
        f"- {{name: hang-{i}, interval: 10s, timeout: 5s, http: 'http://127.0.0.1:{hanging.port}/'}}\n" for i in range(400))
    daemon = Daemon(args.binary, root, yaml)
    time.sleep(args.seconds)
    text = daemon.get("/metrics")
    threads = memory_kib(daemon.pid)["Threads"]
    daemon.stop()
    buckets = [(float(m[1].replace("+Inf", "inf")), int(float(m[2]))) for m in
               re.finditer(r'tocsin_probe_lateness_seconds_bucket\{le="([^"]+)"\} (\S+)', text)]
    row("lateness at 1,000/s beside 400 hanging targets, p50", f"{quantile(buckets, .5)*1000:.1f} ms")
    row("lateness, p99", f"{quantile(buckets, .99)*1000:.1f} ms", "<= 20 ms")
    row("threads then", f"{threads}")


class Switch(http.server.ThreadingHTTPServer):
    """A target that turns bad when told, and notes when it gave each answer."""
    daemon_threads = True

    def __init__(self):
        self.bad, self.answers = False, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                bad = outer.bad
                self.send_response(503 if bad else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                self.wfile.flush()
                outer.answers.append((time.monotonic(), bad))

            def log_message(self, *args):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


def bench_page(args, root):
    """From the deciding answer, and from a process's death, to the webhook."""
    from_result, from_death = [], []
    for _ in range(5 if args.quick else 15):
        chat, switch = Chat(), Switch()
        name = f"tocsin-bench-{os.getpid()}-{len(from_death)}"
        victim_path = Path(root) / name
        shutil.copy("/bin/sleep", victim_path)
        victim = subprocess.Popen([victim_path, "600"])
        daemon = Daemon(args.binary, root, f"""
defaults: {{interval: 200ms, timeout: 100ms, retry_interval: 100ms, down_after: 1}}
notifiers:
- {{name: a, google_chat: {{webhook_url: '{chat.url("A")}'}}}}
- {{name: b, google_chat: {{webhook_url: '{chat.url("B")}'}}}}
checks:
- {{name: web, notify: [a], http: 'http://127.0.0.1:{switch.server_port}/'}}
- {{name: victim, notify: [b], interval: 5s, process: {name}}}
""")
        end = time.monotonic() + 90
        while json.loads(daemon.get("/api/v1/checks/victim"))["state"] != "up" and time.monotonic() < end:
            time.sleep(0.2)
        while json.loads(daemon.get("/api/v1/checks/web"))["state"] != "up" and time.monotonic() < end:
            time.sleep(0.1)
        time.sleep(1.2)
        started = time.monotonic()
        switch.bad = True
        arrived = chat.wait_text("web", started)
        decided = next(at for at, bad in switch.answers if bad)
        from_result.append((arrived - decided) * 1000)
        died = time.monotonic()
        victim.kill()
        victim.wait()
        from_death.append((chat.wait_text("victim", died) - died) * 1000)
        daemon.stop()
        chat.shutdown()
        switch.shutdown()
    spread = lambda xs: f"{statistics.median(xs):.1f} ms median ({min(xs):.1f}-{max(xs):.1f})"
    row("deciding result to webhook", spread(from_result), "<= 10 ms")
    row("process's death to webhook", spread(from_death), "<= 50 ms")


def bench_load(args, root):
    for count, form in ((10000, "short"), (10000, "long")):
        path = Path(root) / f"{form}.yaml"
        with open(path, "w") as f:
            f.write("notifiers: [{name: c, console: {}}]\nchecks:\n")
            for i in range(count):
                if form == "short":
                    f.write(f"- {{name: web-{i}, http: 'http://web-{i}.example.net/'}}\n")
                else:
                    f.write(f"- name: web-{i}\n  description: the web server {i}\n  labels: {{team: shop, tier: front}}\n"
                            f"  runbook: https://wiki.example.net/{i}\n  interval: 10s\n  http:\n"
                            f"    url: https://web-{i}.example.net/health\n    headers: {{Accept: application/json}}\n"
                            f"    expect: {{status: 200, body_contains: ok, response_time: 800ms}}\n")
        times = []
        for _ in range(5):
            before = os.times()
            subprocess.run([args.binary, "check-config", "--config", str(path)], check=True, stdout=subprocess.DEVNULL)
            after = os.times()
            times.append(after.children_user + after.children_system - before.children_user - before.children_system)
        row(f"10,000 checks, {form} form, check-config (CPU)", f"{statistics.median(times):.2f} s",
            "< 0.5 s" if form == "short" else "")


def bench_peers(args, root, nginx):
    """monit and blackbox_exporter on the same requests, where they are installed."""
    monit = shutil.which("monit")
    if monit:
        d = Path(tempfile.mkdtemp(dir=root))
        conf = d / "monitrc"
        conf.write_text(f"set daemon 1\nset pidfile {d}/pid\nset idfile {d}/id\nset statefile {d}/state\nset log {d}/log\n" +
                        "".join(f"check host h{i} with address 127.0.0.1\n if failed port {nginx.port} protocol http then alert\n"
                                for i in range(1000)))
        conf.chmod(0o600)
        process = subprocess.Popen([monit, "-I", "-c", str(conf)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(5)
        cost, rate = cost_window(nginx, [process.pid], args.seconds)
        process.terminate()
        process.wait()
        row("monit, CPU a probe", f"{cost:.0f} us at {rate:.0f}/s (one after the other)")
    blackbox = shutil.which("prometheus-blackbox-exporter")
    if blackbox:
        d = Path(tempfile.mkdtemp(dir=root))
        (d / "b.yml").write_text("modules: {http: {prober: http}}\n")
        port = free_port()
        process = subprocess.Popen([blackbox, f"--config.file={d}/b.yml", f"--web.listen-address=127.0.0.1:{port}"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_port(port)
        before, cpu = nginx.requests(), cpu_ns(process.pid)
        end = time.monotonic() + min(args.seconds, 10)
        while time.monotonic() < end:
            with socket.create_connection(("127.0.0.1", port)) as s:
                s.sendall(f"GET /probe?module=http&target=http://127.0.0.1:{nginx.port}/ HTTP/1.0\r\n\r\n".encode())
                while s.recv(65536):
                    pass
        requests = nginx.requests() - before - 1
        cost = (cpu_ns(process.pid) - cpu) / 1000 / max(requests, 1)
        process.terminate()
        process.wait()
        row("blackbox_exporter, CPU a probe (scheduler not counted)", f"{cost:.0f} us")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="shorter windows, fewer rounds")
    parser.add_argument("--only", help="cost, memory, lateness, page, load, peers")
    args = parser.parse_args()
    args.binary = str(Path(args.build).resolve() / "tocsin")
    if args.quick:
        args.seconds = min(args.seconds, 8)
    root = tempfile.mkdtemp(prefix="tocsin-bench-")
    nginx = Nginx(root)
    try:
        parts = {"cost": lambda: bench_cost(args, root, nginx), "peers": lambda: bench_peers(args, root, nginx),
                 "memory": lambda: bench_memory(args, root, nginx), "lateness": lambda: bench_lateness(args, root, nginx),
                 "page": lambda: bench_page(args, root), "load": lambda: bench_load(args, root)}
        for name, part in parts.items():
            if args.only in (None, name):
                print(f"{name}:", flush=True)
                part()
    finally:
        nginx.stop()
        shutil.rmtree(root, ignore_errors=True)
    width = max(len(r[0]) for r in rows)
    print("\n| " + "what".ljust(width) + " | measured | goal |\n|" + "-" * (width + 2) + "|---|---|")
    for what, value, goal in rows:
        print(f"| {what.ljust(width)} | {value} | {goal} |")


main()
