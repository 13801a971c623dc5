// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "notify/notifier.h"
#include "notify/types.h"
#include "notify/wording.h"
#include "util/text.h"

// Standard output, for a first look and for logs that something else collects. A line begins with
// the time and the thread key, so that `grep '\[web-01\]'` is that thread.
//
// Standard output may be a pipe that nobody reads or a terminal that somebody stopped, and its file
// description is shared with other processes, so it must not be made non-blocking. Instead it is
// polled, and written in pieces that a pipe takes whole once it is writable; while it is not, the
// delivery loop goes on with other sinks. What is not taken within kPatience is tried again later.

namespace tocsin {
namespace {

constexpr int kStdout = STDOUT_FILENO;
constexpr std::size_t kPiece = 512;  // POSIX's least PIPE_BUF: written whole or not at all
constexpr Millis kPatience{2000};
constexpr Millis kPause{20};
constexpr std::size_t kLongestKey = 200;
constexpr std::string_view kIndent = "         ";  // as wide as "03:04:05 "

enum class Color : std::uint8_t { automatic, always, never };

// A reader that has gone away must cost a delivery, not the process: SIGPIPE is held back from this
// thread during the write, and if this write brought it, it is taken off the list again.
ssize_t write_without_signal(const char* data, std::size_t size) noexcept {
  sigset_t pipe_only;
  sigset_t before;
  sigset_t pending;
  sigemptyset(&pipe_only);
  sigaddset(&pipe_only, SIGPIPE);
  sigpending(&pending);
  pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
  const ssize_t written = ::write(kStdout, data, size);
  const int error = errno;
  if (written < 0 && error == EPIPE && sigismember(&pending, SIGPIPE) == 0) {
    const timespec at_once{};
    sigtimedwait(&pipe_only, nullptr, &at_once);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return written;
}

bool is_writable() noexcept {
  pollfd out{kStdout, POLLOUT, 0};
  return ::poll(&out, 1, 0) > 0;
}

std::string_view color_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::down: return "\x1b[1;31m";
    case Kind::degraded:
    case Kind::flapping:
    case Kind::reminder:
    case Kind::daemon: return "\x1b[1;33m";
    case Kind::unknown: return "\x1b[1;35m";
    case Kind::up:
    case Kind::over: return "\x1b[1;32m";
    default: return "\x1b[1m";
  }
}

constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kPlain = "\x1b[0m";

// Every value in it has been made printable, so the only escape sequences are ours.
std::string render(const Delivery& delivery, const Wording& wording, bool colors) {
  const Words words = words_of(delivery, wording);
  const Kind kind = delivery.notification.message->kind;
  const auto painted = [&](std::string_view color, const std::string& text) {
    return colors ? std::string(color) + text + std::string(kPlain) : text;
  };
  std::string out = clock_text(wording.locale, delivery.clock.wall());
  const std::string key = printable(delivery.notification.thread_key, kLongestKey);
  if (!key.empty()) out += " [" + key + "]";
  out += " " + painted(color_of(kind), words.title) + "\n";
  for (const std::string& line : words.lines) {
    out += std::string(kIndent) + painted(kDim, line) + "\n";
  }
  return out;
}

Outcome failed(int error, bool begun) {
  Outcome outcome;
  const bool closed = error == EPIPE || error == EBADF;
  outcome.what = closed ? Outcome::What::rejected : Outcome::What::later;
  outcome.reason = closed ? "standard output is closed"
                          : "standard output: " + std::generic_category().message(error);
  outcome.in_doubt = begun && !closed;
  return outcome;
}

// Writes all of it, or says why not; gives way to the loop while the other side does not read.
asio::awaitable<Outcome> write_all(std::string text, SteadyTime patience_ends) {
  asio::steady_timer pause(co_await asio::this_coro::executor);
  std::size_t done = 0;
  while (done < text.size()) {
    if (is_writable()) {
      const std::size_t piece = std::min(kPiece, text.size() - done);
      const ssize_t written = write_without_signal(text.data() + done, piece);
      const int error = errno;
      if (written >= 0) {
        done += static_cast<std::size_t>(written);
        continue;
      }
      if (error == EINTR) continue;
      if (error != EAGAIN && error != EWOULDBLOCK) co_return failed(error, done > 0);
    }
    if (std::chrono::steady_clock::now() >= patience_ends) co_return failed(ETIMEDOUT, done > 0);
    pause.expires_after(kPause);
    co_await pause.async_wait(asio::use_awaitable);
  }
  Outcome sent;
  sent.what = Outcome::What::sent;
  co_return sent;
}

class Console final : public Notifier {
 public:
  Console(Color color, Wording wording) : color_(color), wording_(std::move(wording)) {}

  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    std::string text = render(delivery, wording_, wants_colors());
    co_return co_await write_all(std::move(text), std::chrono::steady_clock::now() + kPatience);
  }

  Pace pace() const override { return {"console", Millis{0}, false}; }
  std::string sink() const override { return "standard output"; }

 private:
  bool wants_colors() const {
    if (color_ != Color::automatic) return color_ == Color::always;
    const char* const terminal = std::getenv("TERM");
    const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
    return ::isatty(kStdout) == 1 && std::getenv("NO_COLOR") == nullptr && !dumb;
  }

  Color color_;
  Wording wording_;
};

std::shared_ptr<const Notifier> parse_console(Settings& settings) {
  const std::string word = settings.choice("color", {"auto", "always", "never"}, "auto");
  Color color = Color::automatic;
  if (word == "always") color = Color::always;
  if (word == "never") color = Color::never;
  return std::make_shared<Console>(color, parse_wording(settings));
}

}  // namespace

const NotifierType kConsoleNotifier{
    "console", "", "standard output: for trying things out, and for logs that others collect",
    parse_console};

}  // namespace tocsin
