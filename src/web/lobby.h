// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "tocsin/time.h"

namespace tocsin {

// Where connections wait for the other side, so that no thread has to: those whose request has not
// arrived as a whole, and those whose answer does not fit into the socket's buffer. One epoll set,
// a bound on their number, on the bytes they hold and on the time each may take.
//
// wait() and take() belong to one thread, the one that serves; send() and the rest may be called
// from any. Sockets are plain descriptors, stream sockets of any family.
class Lobby {
 public:
  struct Limits {
    std::size_t most_sockets = 1024;      // beyond: the one that waits longest is dropped
    std::size_t most_bytes = 64U << 20U;  // of unsent answers, likewise
    Millis head{10'000};                  // from connecting to the last byte of the head
    Millis answer{30'000};                // from the first byte of an answer to its last
    Millis linger{2'000};                 // for a refused body, so that the refusal is read
  };
  // Whole answers for those who never get as far as a handler.
  struct Refusals {
    std::string bad_head;   // 400
    std::string too_slow;   // 408
    std::string too_large;  // 431
  };

  // Throws std::system_error if the kernel gives no epoll descriptor.
  Lobby(const Limits& limits, Refusals refusals);
  // Closes every connection that waits.
  ~Lobby();
  Lobby(const Lobby&) = delete;
  Lobby& operator=(const Lobby&) = delete;

  // Takes connections from this listening socket, which stays its owner's. Once, before wait().
  void listen_on(int listener);
  // No new connections from now on. When no wait() is under way.
  void stop_listening();

  // Moves things on for at most this long; true as soon as a connection's request head is there.
  bool wait(Millis most);
  // Such a connection, blocking and now the caller's; -1 if there is none.
  int take();

  // Sends the bytes without ever waiting: what does not fit now is kept and sent later, on a
  // descriptor of the lobby's own, so that the caller may close his at once. With `linger`, what
  // the other side still sends is read and thrown away for a moment: closing on it would reset the
  // connection, and the answer would be lost. Errors end the connection silently.
  void send(int socket, std::string bytes, bool linger);

  // How many connections wait, and how many of them for the rest of an answer.
  std::size_t waiting() const;
  std::size_t unfinished_answers() const;

 private:
  enum class Stage { head, answer, linger };
  struct Waiting {
    Stage stage = Stage::head;
    SteadyTime since;
    SteadyTime until;
    std::string bytes;  // the answer, from `sent` on still to be sent
    std::size_t sent = 0;
    bool linger = false;
  };
  using Sockets = std::unordered_map<int, Waiting>;

  // All below want the mutex held.
  void accept_all();
  void pause_accepting();
  void resume_accepting(SteadyTime now);
  void admit(int socket);
  void look_at_head(int socket, bool ended);
  void go_on(int socket, unsigned events);
  void go_on_sending(Sockets::iterator at);
  void go_on_lingering(Sockets::iterator at);
  void refuse(int socket, const std::string& answer);
  void keep(int socket, Waiting waiting, unsigned events);
  void begin_linger(Sockets::iterator at);
  void make_room(bool of_bytes);
  void drop(Sockets::iterator at);
  void drop_overdue(SteadyTime now);

  const Limits limits_;
  const Refusals refusals_;
  int epoll_ = -1;
  int listener_ = -1;
  std::deque<int> ready_;  // only the serving thread's

  mutable std::mutex mutex_;  // workers hand over what they could not send
  Sockets sockets_;
  std::size_t bytes_ = 0;
  std::optional<SteadyTime> resume_at_;  // set while accepting is paused for lack of descriptors
};

}  // namespace tocsin
