// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// The crew is shared by the loop's side, every thread, and nobody else: whoever is last frees it.
// Everything in it is behind its mutex. A thread that has done its job posts to the loop, unless
// the loop's side is gone; `loop` is read and posted to under the mutex, so that it cannot go
// meanwhile. A job that nobody waits for any more, and that was not begun, is never begun.
#include "net/workers.h"

#include <pthread.h>

#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <unordered_set>
#include <utility>

#include "util/log.h"

namespace tocsin {
namespace {

constexpr std::chrono::seconds kIdle{10};

struct Task {
  enum class Stage : std::uint8_t { queued, running, done, dropped };

  std::uint64_t key = 0;
  std::function<void()> job;
  Stage stage = Stage::queued;            // behind the crew's mutex
  asio::steady_timer* waiting = nullptr;  // the loop's thread only; null: nobody waits
};

}  // namespace

class Workers::Crew : public std::enable_shared_from_this<Workers::Crew> {
 public:
  Crew(asio::io_context& loop, std::size_t most) : most_(most), loop_(&loop) {}

  // False if an earlier job of that key hangs.
  bool add(const std::shared_ptr<Task>& task);
  // Nobody waits any more. What had become of it by then.
  Task::Stage give_up(Task& task);
  // The loop's side is gone.
  void dismiss();

 private:
  void hire();
  void work();
  void finish(const std::shared_ptr<Task>& task);

  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable wake_;
  asio::io_context* loop_;  // null once the loop's side is gone
  std::deque<std::shared_ptr<Task>> queue_;
  std::unordered_set<std::uint64_t> hanging_;  // keys of running jobs that nobody waits for
  std::size_t threads_ = 0;
  std::size_t idle_ = 0;
};

bool Workers::Crew::add(const std::shared_ptr<Task>& task) {
  const std::lock_guard lock(mutex_);
  if (hanging_.contains(task->key)) return false;
  queue_.push_back(task);
  if (queue_.size() > idle_ && threads_ < most_) hire();
  wake_.notify_one();
  return true;
}

// A thread that cannot be had is no drama while others serve the queue; without any, the job waits
// until its deadline and is told as `no_worker`.
void Workers::Crew::hire() {
  try {
    std::thread thread([crew = shared_from_this()] { crew->work(); });
    pthread_setname_np(thread.native_handle(), "worker");
    thread.detach();
    ++threads_;
  } catch (const std::system_error& error) {
    log(LogLevel::warn, "worker", "error", error.what(), "effect", "jobs wait");
  }
}

void Workers::Crew::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    const bool found = wake_.wait_for(lock, kIdle, [this] { return !queue_.empty() || !loop_; });
    --idle_;
    if (!found || queue_.empty()) break;
    const std::shared_ptr<Task> task = std::move(queue_.front());
    queue_.pop_front();
    if (task->stage == Task::Stage::dropped) continue;
    task->stage = Task::Stage::running;
    lock.unlock();
    task->job();
    task->job = {};  // what it holds is freed here, not on the loop
    lock.lock();
    finish(task);
  }
  --threads_;
}

void Workers::Crew::finish(const std::shared_ptr<Task>& task) {
  if (task->stage == Task::Stage::dropped) {
    hanging_.erase(task->key);
    return;
  }
  task->stage = Task::Stage::done;
  if (loop_ == nullptr) return;
  asio::post(*loop_, [task] {
    if (task->waiting != nullptr) task->waiting->cancel();
  });
}

Task::Stage Workers::Crew::give_up(Task& task) {
  const std::lock_guard lock(mutex_);
  const Task::Stage was = task.stage;
  if (was == Task::Stage::done) return was;
  task.stage = Task::Stage::dropped;
  if (was == Task::Stage::running && task.key != 0) hanging_.insert(task.key);
  return was;
}

void Workers::Crew::dismiss() {
  const std::lock_guard lock(mutex_);
  loop_ = nullptr;
  queue_.clear();
  wake_.notify_all();
}

Workers::Workers(asio::io_context& loop, std::size_t most_threads)
    : loop_(loop), crew_(std::make_shared<Crew>(loop, most_threads)) {}

Workers::~Workers() {
  crew_->dismiss();
}

asio::awaitable<Worked> Workers::run(std::uint64_t key, std::function<void()> job,
                                     SteadyTime deadline) {
  // Whatever ends this coroutine, being destroyed included, is a giving up.
  struct Wait {
    Crew& crew;
    Task& task;
    ~Wait() {
      task.waiting = nullptr;
      crew.give_up(task);
    }
  };
  const auto crew = crew_;
  const auto task = std::make_shared<Task>();
  task->key = key;
  task->job = std::move(job);
  asio::steady_timer timer(loop_, deadline);
  if (!crew->add(task)) co_return Worked::still_running;
  const Wait wait{*crew, *task};
  task->waiting = &timer;
  std::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  switch (crew->give_up(*task)) {
    case Task::Stage::done: co_return Worked::done;
    case Task::Stage::queued: co_return Worked::no_worker;
    case Task::Stage::running:
    case Task::Stage::dropped: break;
  }
  co_return Worked::late;
}

}  // namespace tocsin
