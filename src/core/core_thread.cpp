// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "core/core_thread.h"

#include <pthread.h>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <future>
#include <mutex>
#include <thread>

#include "util/log.h"

namespace tocsin {
namespace {

constexpr Millis kSnapshotAge{250};  // Control::snapshot
constexpr Millis kSnapshotPatience{1000};
// A disk that hangs is told as such after 5 s (StoreOptions::stall_after): that is waited for.
constexpr Millis kCommitPatience{8'000};
constexpr Millis kStalled{15'000};  // far above any wait of a healthy daemon on a busy machine

}  // namespace

class CoreThread::Impl {
 public:
  explicit Impl(const Clock& clock)
      : clock_(clock), work_(asio::make_work_guard(loop_)), timer_(loop_) {}

  void start(CorePorts ports, std::shared_ptr<const Config> config, Saved saved) {
    core_ = std::make_unique<Core>(std::move(ports), std::move(config), std::move(saved));
    stamp(core_alive_);
    stamp(sender_alive_);
    asio::post(loop_, [this] { turn(); });
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "tocsin-core");
      loop_.run();
    });
  }

  void stop() {
    if (!thread_.joinable()) return;
    asio::post(loop_, [this] {
      timer_.cancel();
      work_.reset();
      loop_.stop();
    });
    thread_.join();
    core_.reset();
  }

  void post(std::function<void(Core&)> task) {
    asio::post(loop_, [this, task = std::move(task)] {
      task(*core_);
      arm();
    });
  }

  std::shared_ptr<const Snapshot> snapshot(CoreThread& self) {
    {
      const std::lock_guard lock(snapshot_mutex_);
      if (snapshot_ && clock_.wall() - snapshot_->at < kSnapshotAge &&
          clock_.wall() >= snapshot_->at) {
        return snapshot_;
      }
    }
    self.run([this](Core& core) { publish(core); }, kSnapshotPatience);
    const std::lock_guard lock(snapshot_mutex_);
    return snapshot_;
  }

  std::string health() const {
    const auto now = clock_.steady().time_since_epoch();
    const auto stalled = [now](const std::atomic<SteadyTime::duration>& alive) {
      return now - alive.load() > kStalled;
    };
    if (stalled(core_alive_)) return "the scheduler has made no progress for over 15 s";
    if (stalled(sender_alive_)) return "the sender has made no progress for over 15 s";
    return {};
  }

  void stamp(std::atomic<SteadyTime::duration>& alive) noexcept {
    alive = clock_.steady().time_since_epoch();
  }

  std::atomic<SteadyTime::duration> core_alive_{};
  std::atomic<SteadyTime::duration> sender_alive_{};

 private:
  void turn() {
    stamp(core_alive_);
    core_->tick();
    arm();
  }

  // Sets the timer if the core wants to be called earlier than it is set for.
  void arm() {
    const SteadyTime wanted = core_->next_tick();
    if (armed_ && wanted >= armed_until_) return;
    armed_ = true;
    armed_until_ = wanted;
    timer_.expires_at(wanted);
    timer_.async_wait([this](const asio::error_code& error) {
      if (error) return;  // armed anew for an earlier time
      armed_ = false;
      turn();
    });
  }

  void publish(Core& core) {
    const std::lock_guard lock(snapshot_mutex_);
    // Several readers may have asked at once: the first one's is fresh enough for all.
    if (!snapshot_ || clock_.wall() - snapshot_->at >= kSnapshotAge ||
        clock_.wall() < snapshot_->at) {
      snapshot_ = core.snapshot();
    }
  }

  const Clock& clock_;
  asio::io_context loop_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::steady_timer timer_;
  bool armed_ = false;
  SteadyTime armed_until_;
  std::unique_ptr<Core> core_;
  std::thread thread_;
  std::mutex snapshot_mutex_;
  std::shared_ptr<const Snapshot> snapshot_;
};

CoreThread::CoreThread(const Clock& clock) : impl_(std::make_unique<Impl>(clock)) {}

CoreThread::~CoreThread() {
  stop();
}

void CoreThread::start(CorePorts ports, std::shared_ptr<const Config> config, Saved saved) {
  impl_->start(std::move(ports), std::move(config), std::move(saved));
}

void CoreThread::stop() {
  impl_->stop();
}

void CoreThread::post(std::function<void(Core&)> task) {
  impl_->post(std::move(task));
}

bool CoreThread::run(std::function<void(Core&)> task, Millis patience) {
  auto done = std::make_shared<std::promise<void>>();
  auto ended = done->get_future();
  post([done, task = std::move(task)](Core& core) {
    task(core);
    done->set_value();
  });
  return ended.wait_for(patience) == std::future_status::ready;
}

std::shared_ptr<const Snapshot> CoreThread::snapshot() {
  return impl_->snapshot(*this);
}

std::string CoreThread::health() {
  return impl_->health();
}

HeartbeatFate CoreThread::note_heartbeat(const std::string& check, Heartbeat heartbeat) {
  auto fate = std::make_shared<std::promise<HeartbeatFate>>();
  auto told = fate->get_future();
  post([fate, check, heartbeat = std::move(heartbeat)](Core& core) {
    core.note_heartbeat(check, heartbeat,
                        [fate](HeartbeatFate became) { fate->set_value(became); });
  });
  if (told.wait_for(kCommitPatience) != std::future_status::ready) return HeartbeatFate::late;
  return told.get();
}

AckFate CoreThread::acknowledge(const std::string& check, std::optional<AckWish> wish) {
  auto fate = std::make_shared<std::promise<AckFate>>();
  auto told = fate->get_future();
  post([fate, check, wish = std::move(wish)](Core& core) {
    core.acknowledge(check, wish, [fate](AckFate became) { fate->set_value(became); });
  });
  if (told.wait_for(kCommitPatience) != std::future_status::ready) return AckFate::late;
  return told.get();
}

SilenceAnswer CoreThread::silence(SilenceWish wish) {
  auto answer = std::make_shared<std::promise<SilenceAnswer>>();
  auto told = answer->get_future();
  post([answer, wish = std::move(wish)](Core& core) {
    core.silence(wish, [answer](SilenceAnswer became) { answer->set_value(std::move(became)); });
  });
  if (told.wait_for(kCommitPatience) != std::future_status::ready) return {};
  return told.get();
}

SilenceAnswer CoreThread::end_silence(std::int64_t id) {
  auto answer = std::make_shared<std::promise<SilenceAnswer>>();
  auto told = answer->get_future();
  post([answer, id](Core& core) {
    core.end_silence(id, [answer](SilenceAnswer became) { answer->set_value(std::move(became)); });
  });
  if (told.wait_for(kCommitPatience) != std::future_status::ready) return {};
  return told.get();
}

PostAnswer CoreThread::post_message(PostedMessage message) {
  auto answer = std::make_shared<std::promise<PostAnswer>>();
  auto told = answer->get_future();
  post([answer, message = std::move(message)](Core& core) {
    core.post_message(message,
                      [answer](PostAnswer became) { answer->set_value(std::move(became)); });
  });
  if (told.wait_for(kCommitPatience) != std::future_status::ready) return {};
  return told.get();
}

void CoreThread::sender_is_alive() noexcept {
  impl_->stamp(impl_->sender_alive_);
}

}  // namespace tocsin
