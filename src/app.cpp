// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// The composition root: every part is made here, handed what it needs, and stopped in reverse
// order. The main thread then only waits for signals and feeds systemd's watchdog.
//
//   signals ─► App ─► CoreThread ◄─► ProbeRunner
//                        │  ▲            Store ─► Sender
//                        ▼  └── WebServer (reads snapshots)
#include "app.h"

#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include <cstdio>
#include <memory>
#include <span>

#include "config/load.h"
#include "core/core_thread.h"
#include "deliver/alive.h"
#include "deliver/sender.h"
#include "notify/registry.h"
#include "probe/registry.h"
#include "probe/runner.h"
#include "store/open.h"
#include "store/result_log.h"
#include "util/file_watch.h"
#include "util/log.h"
#include "util/sd_notify.h"
#include "util/system_clock.h"
#include "web/handlers.h"
#include "web/server.h"

namespace tocsin {
namespace {

constexpr Millis kSignalWait{1000};

Loaded load(const std::filesystem::path& file) {
  return load_config(file, check_types(), notifier_types(), {});
}

bool same_web(const WebSettings& a, const WebSettings& b) {
  return a.listen == b.listen && a.read_token.reveal() == b.read_token.reveal() &&
         a.admin_token.reveal() == b.admin_token.reveal();
}

// The second listener, which serves nothing but heartbeats and needs no token.
WebSettings heartbeat_web(const WebSettings& settings) {
  WebSettings out;
  out.listen = settings.heartbeat_listen;
  return out;
}

sigset_t signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

class App {
 public:
  App(std::filesystem::path file, std::shared_ptr<const Config> config)
      : file_(std::move(file)), config_(std::move(config)), core_(clock_) {}
  ~App() { stop(); }
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  void start() {
    store_ = open_store(config_->state_dir, clock_, store_events());
    Saved saved = store_->load();
    results_ = std::make_unique<ResultLog>(ResultLog::file_in(config_->state_dir));
    notification_ids_ = saved.last_notification;
    sender_ = std::make_unique<Sender>(sender_host(), config_);
    sender_->resume(saved);
    runner_ = std::make_unique<ProbeRunner>(config_->probe_threads, clock_, runner_events(),
                                            &heartbeats_);
    door_.set_checks(config_->checks, saved.heartbeats);
    core_.start(core_ports(), config_, std::move(saved));
    lists_ = FileWatch(config_->watched_files);
    start_web(config_->web, web_routes(), web_);
    start_web(heartbeat_web(config_->web), heartbeat_routes(), heartbeat_web_);
    alive_.configure(config_->alive);
    malloc_trim(0);
  }

  // Until SIGTERM or SIGINT.
  void wait() {
    const auto watchdog = sd_watchdog_interval();
    const Millis pause = watchdog ? std::min(*watchdog / 3, kSignalWait) : kSignalWait;
    log(LogLevel::info, "ready", "version", TOCSIN_VERSION, "checks", config_->checks.size(),
        "notifiers", config_->notifiers.size(), "state_dir", config_->state_dir.string());
    tell_systemd();
    while (true) {
      const int signal = next_signal(pause);
      if (signal == SIGTERM || signal == SIGINT) break;
      if (signal == SIGHUP) {
        reload();
      } else if (lists_.changed()) {
        log(LogLevel::info, "reload", "because", "a file that for_each reads has changed");
        reload();
      }
      sender_->ping([this] { core_.sender_is_alive(); });
      if (watchdog && core_.health().empty()) sd_notify("WATCHDOG=1");
    }
    log(LogLevel::info, "stopping");
    sd_notify("STOPPING=1\nSTATUS=stopping");
  }

 private:
  static int next_signal(Millis pause) {
    const sigset_t set = signals();
    const timespec wait{.tv_sec = pause.count() / 1000,
                        .tv_nsec = pause.count() % 1000 * 1'000'000};
    return sigtimedwait(&set, nullptr, &wait);
  }

  void start_web(const WebSettings& settings, std::span<const Route> routes,
                 std::unique_ptr<WebServer>& into) {
    into.reset();
    if (settings.listen.empty()) return;
    try {
      into = std::make_unique<WebServer>(settings, core_, *store_, door_, routes);
      log(LogLevel::info, "web", "address", into->address(), "serves",
          &into == &web_ ? "everything" : "heartbeats");
    } catch (const std::exception& error) {
      // Nobody should go without pages because a port is taken.
      log(LogLevel::error, "web", "error", error.what());
      core_.post([text = std::string(error.what())](Core& core) {
        core.tell_own("the web side is off: " + text);
      });
    }
  }

  // What `systemctl status` shows; `remark` is what an administrator should know besides.
  void tell_systemd(const std::string& remark = {}) const {
    sd_notify("READY=1\nSTATUS=watching " + std::to_string(config_->checks.size()) + " checks" +
              (web_ ? "; web side at " + web_->address() : std::string()) + remark);
  }

  void reload() {
    sd_notify_reloading();
    const Loaded loaded = load(file_);
    for (const Problem& problem : loaded.problems) {
      log(problem.is_error ? LogLevel::error : LogLevel::warn, "config", "problem", problem.text());
    }
    if (!loaded.config) {
      log(LogLevel::error, "reload", "ok", false, "goes_on_with",
          "the configuration that ran before");
      core_.post([](Core& core) { core.reload_failed(); });
      tell_systemd("; the last reload failed: see the log");
      return;
    }
    apply(loaded.config);
    tell_systemd();
  }

  void apply(const std::shared_ptr<const Config>& config) {
    if (config->state_dir != config_->state_dir ||
        config->probe_threads != config_->probe_threads) {
      log(LogLevel::warn, "reload", "note", "state_dir and probe_threads change at a restart only");
    }
    const bool new_web = !same_web(config->web, config_->web);
    const bool new_heartbeats = config->web.heartbeat_listen != config_->web.heartbeat_listen;
    config_ = config;
    lists_ = FileWatch(config->watched_files);
    set_log(config->log.level, config->log.format);
    sender_->reconfigure(config);
    core_.post([config](Core& core) { core.reload(config); });
    // After the core has been told: what comes by a new secret finds its check.
    door_.set_checks(config->checks);
    // Both go before either comes, should they have changed places.
    if (new_web) web_.reset();
    if (new_heartbeats) heartbeat_web_.reset();
    if (new_web) start_web(config->web, web_routes(), web_);
    if (new_heartbeats) start_web(heartbeat_web(config->web), heartbeat_routes(), heartbeat_web_);
    alive_.configure(config->alive);
    log(LogLevel::info, "reload", "ok", true, "checks", config->checks.size());
    malloc_trim(0);
  }

  // In reverse order of the start. What is decided is committed; what is not yet told waits in the
  // store.
  void stop() {
    alive_.stop();
    heartbeat_web_.reset();
    web_.reset();
    core_.stop();
    runner_.reset();
    if (store_) store_->flush();  // what the core decided last reaches the sender
    sender_.reset();
    results_.reset();
    store_.reset();
  }

  StoreEvents store_events() {
    const auto say = [this](const std::string& text) {
      log(LogLevel::error, "store", "trouble", text);
      core_.post([text](Core& core) { core.tell_own(text); });
    };
    return {.failing =
                [say](const std::string& reason) {
                  say("nothing can be stored: " + reason +
                      "; monitoring goes on from memory, and a restart "
                      "now would forget what was told");
                },
            .recovered = [say] { say("the state is stored again; nothing was lost"); },
            .replaced =
                [this, say](const std::string& set_aside) {
                  say(set_aside.empty()
                          ? "the database was moved or removed while in use; a new one was begun"
                          : "the database was damaged; it was set aside as " + set_aside +
                                " and a new one was begun");
                  core_.post([this](Core& core) { store_->commit(core.dump(), {}); });
                  if (sender_)
                    sender_->dump([this](Change change) { store_->commit(std::move(change), {}); });
                }};
  }

  Sender::Host sender_host() {
    return {.store = *store_,
            .clock = clock_,
            .next_id = [this] { return ++notification_ids_; },
            .on_outcome = {}};
  }

  ProbeRunner::Events runner_events() {
    return {.done =
                [this](std::vector<ProbeRunner::Done> batch) {
                  std::vector<EndedProbe> ended;
                  ended.reserve(batch.size());
                  for (ProbeRunner::Done& done : batch) {
                    ended.push_back({done.check, std::move(done.result), done.late});
                  }
                  core_.post([ended = std::move(ended)](Core& core) mutable {
                    core.on_ended(std::move(ended));
                  });
                },
            .look_again =
                [this](std::uint32_t check) {
                  core_.post([check](Core& core) { core.look_again(check); });
                }};
  }

  CorePorts core_ports() {
    return {.store = *store_,
            .clock = clock_,
            .notification_ids = notification_ids_,
            .probe =
                [this](const std::vector<DueProbe>& due) {
                  std::vector<ProbeRunner::Due> batch;
                  batch.reserve(due.size());
                  for (const DueProbe& probe : due) {
                    batch.push_back(
                        {probe.check, probe.what->prober, probe.what->timing.timeout, probe.due});
                  }
                  runner_->start(std::move(batch));
                },
            .forget = [this](std::uint32_t check) { runner_->forget(check); },
            .tell =
                [this](std::vector<NotificationPtr> told) {
                  // A disk that hung may answer when all is over; the store keeps the rows.
                  if (sender_) sender_->submit(std::move(told));
                },
            .notifier_views = [this] { return sender_->views(); },
            .heartbeats = heartbeats_,
            .record = [this](WallTime at, const Check& check,
                             const Result& result) { results_->note(at, check.name, result); }};
  }

  SystemClock clock_;
  std::filesystem::path file_;
  std::shared_ptr<const Config> config_;
  FileWatch lists_;  // for_each's from_file
  std::atomic<std::int64_t> notification_ids_{0};
  HeartbeatBoard heartbeats_;
  CoreThread core_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<ResultLog> results_;
  std::unique_ptr<Sender> sender_;
  std::unique_ptr<ProbeRunner> runner_;
  HeartbeatDoor door_;
  std::unique_ptr<WebServer> web_;
  std::unique_ptr<WebServer> heartbeat_web_;
  Alive alive_{[this] { return core_.health().empty(); }};
};

// Before any thread exists, so that all inherit it: signals are for sigtimedwait, not for a
// handler.
void prepare_process() {
  const sigset_t set = signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  mallopt(M_ARENA_MAX, 2);  // few threads allocate; an arena each would only keep memory
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
}

}  // namespace

int run_daemon(const std::filesystem::path& config_file) {
  prepare_process();
  const Loaded loaded = load(config_file);
  for (const Problem& problem : loaded.problems)
    std::fprintf(stderr, "%s\n", problem.text().c_str());
  if (!loaded.config) return 1;
  set_log(loaded.config->log.level, loaded.config->log.format);
  try {
    App app(config_file, loaded.config);
    app.start();
    app.wait();
  } catch (const std::exception& error) {
    log(LogLevel::error, "stopped", "error", error.what());
    return 1;
  }
  log(LogLevel::info, "stopped");
  return 0;
}

}  // namespace tocsin
