// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "deliver/attempt.h"
#include "deliver/commits.h"
#include "deliver/lane.h"
#include "deliver/loop.h"
#include "deliver/sender.h"
#include "deliver/thread_refs.h"
#include "net/http_client.h"
#include "net/resolver.h"
#include "net/workers.h"

namespace tocsin {

// The machinery behind Sender: one thread, one loop; lanes decide, this does. All but the
// constructor, the destructor, `post` and `views` belongs to the loop's thread.
class Sender::Engine {
 public:
  Engine(Host host, const std::shared_ptr<const Config>& config);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // The inbox: runs `what` on the loop. Thread-safe.
  template <typename F>
  void post(F what) {
    asio::post(loop_, std::move(what));
  }
  std::vector<NotifierView> views() const;  // thread-safe

  void recall(std::vector<ThreadRef> threads, const std::vector<IncidentMessages>& told);
  void resume(std::vector<Saved::Waiting> waiting);
  void submit(std::vector<NotificationPtr> notifications);
  void reconfigure(const Config& config);
  Change dump();
  // Looks at everything anew, as if every timer had gone off.
  void look();

 private:
  // A lane and what moves it.
  struct Route {
    Route(std::string its_key, Lane its_lane, Loop& loop)
        : key(std::move(its_key)), lane(std::move(its_lane)), timer(loop) {}
    std::string key;
    Lane lane;
    asio::steady_timer timer;
    std::shared_ptr<Attempt> attempt;
  };
  // A notifier, and where its rows wait.
  struct Desk {
    NotifierEntry entry;
    bool configured = true;
    Route* route = nullptr;  // null while it has had no row yet
    NotifierView view;       // but for what waits
  };

  Moment now() const;
  void adopt(const Config& config);
  Route& route_for(const NotifierEntry& entry);
  bool accept(Row& row);
  void bury(std::vector<Row> rows);
  // Brings notifiers whose configuration changed to their new lane, or to their end.
  void settle(Route& route);
  void move(Desk& desk, Route& from);

  void turn_all();
  void turn(Route& route);
  void wait_until(Route& route, SteadyTime at);
  void begin(Route& route, const NotificationPtr& notification, Task task);
  void begin_update(Route& route, const NotificationPtr& latest);
  void end(Route& route, Outcome outcome);
  void end_update(Route& route, const Outcome& outcome);
  void end_renewal(Route& route, const Outcome& outcome);
  void note(const Row& row, const Outcome& outcome);
  void remember(const NotificationPtr& sent, const Outcome& outcome);
  void want_update(const NotificationPtr& latest);
  // From `in` on, if its sink forgets what it is told.
  void keep(const NotificationPtr& latest, Millis in);
  NotificationPtr fallback_of(const Row& row, std::vector<NotificationPtr>& into);
  void watch(Route& route);

  void begin_stop();
  void abandon_attempts();
  bool attempting() const noexcept;
  void publish_soon();
  void publish();

  Host host_;
  Numbers numbers_;
  std::size_t storm_threshold_ = 0;
  std::shared_ptr<const LabelTotals> totals_;
  Loop loop_;
  Resolver resolver_;
  HttpClient http_;
  Workers workers_;
  Commits commits_;
  std::map<std::string, Desk> desks_;                     // by name
  std::vector<std::string> order_;                        // the configuration's
  std::map<std::string, std::shared_ptr<Route>> routes_;  // by Pace::key
  ThreadRefs refs_;
  ThreadRefs roots_;  // the first messages of incidents, by number
  bool stopping_ = false;
  asio::steady_timer grace_;
  asio::steady_timer publish_timer_;
  bool publishing_ = false;
  // Readers come from any thread and at any time; they only copy a pointer.
  mutable std::mutex views_mutex_;
  std::shared_ptr<const std::vector<NotifierView>> views_;
  std::thread thread_;  // the last: it uses all of the above
};

}  // namespace tocsin
