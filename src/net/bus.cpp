// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// sd-bus owns its socket and says what it waits for (sd_bus_get_events(3)); LibraryLoop waits for
// it. Whatever happens, the library is called once more (`turn`), and asked again what it waits
// for.
//
// The library's callbacks run inside sd_bus_process and only note things down: the coroutine that
// waits for an answer is woken by its timer, in a turn of the loop of its own. So nothing of ours
// re-enters the library, and the connection is dropped outside of it only.
//
// Deadlines are timers of ours: the library does not look at those of calls while it is still
// shaking hands with a bus that is silent.
#include "net/bus.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "net/bus_value.h"
#include "net/library_loop.h"
#include "net/sd_bus_library.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr int kStepsATurn =
    64;  // messages that are taken before other work of the loop has its turn
constexpr std::uint64_t kNoTimeout = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t kLongestText = 300;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string connect_text(int error, const std::string& address) {
  std::string why = std::generic_category().message(error);
  if (error == ENOENT) why = "there is none";
  if (error == ECONNREFUSED) why = "nobody serves it";
  if (error == ECONNRESET || error == EPIPE || error == ENOTCONN) why = "it ended the connection";
  if (error == EPERM || error == EACCES) why = "it does not let this user in";
  return why + " (" + printable(address, kLongestText) + ")";
}

}  // namespace

class Bus::Engine final : public LibraryLoop::Listener {
 public:
  Engine(asio::io_context& loop, std::string address, std::vector<std::string> matches,
         Bus::Listener& listener)
      : loop_(loop),
        address_(std::move(address)),
        matches_(std::move(matches)),
        listener_(listener) {}
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  asio::awaitable<Answer> call(Call call, SteadyTime deadline);
  void send(const Call& call);
  bool connected() const noexcept { return bus_ != nullptr; }

 private:
  // A call whose answer is waited for; it lives in the coroutine that waits.
  struct Pending {
    Pending(Engine& with, bool (*keep_key)(std::string_view), SteadyTime deadline)
        : engine(with), keep(keep_key), timer(with.loop_, deadline) {
      engine.pending_.insert(this);
    }
    ~Pending() {
      engine.pending_.erase(this);
      if (slot != nullptr) engine.library_->slot_unref(slot);
    }
    Pending(const Pending&) = delete;
    Pending& operator=(const Pending&) = delete;
    void finish(Answer with) {
      answer = std::move(with);
      done = true;
      timer.cancel();
    }

    Engine& engine;
    bool (*keep)(std::string_view key);
    asio::steady_timer timer;
    sd_bus_slot* slot = nullptr;
    bool done = false;
    Answer answer;
  };

  static int on_reply(sd_bus_message* message, void* pending, sd_bus_error*);
  static int on_match(sd_bus_message* message, void* engine, sd_bus_error*);
  static int on_matched(sd_bus_message*, void*, sd_bus_error*) { return 0; }

  std::optional<Answer> connect();
  int open();
  int start(const Call& call, Pending* pending);
  void turn();
  int wait();
  void drop(int error);
  void on_ready(int, unsigned) override { turn(); }
  void on_timeout() override { turn(); }

  asio::io_context& loop_;
  const std::string address_;
  const std::vector<std::string> matches_;
  Bus::Listener& listener_;
  const SdBusLibrary* library_ = nullptr;
  std::optional<LibraryLoop> io_;
  sd_bus* bus_ = nullptr;
  int descriptor_ = -1;
  bool shaken_hands_ = false;  // something has come from the bus
  std::set<Pending*> pending_;
};

Bus::Engine::~Engine() {
  if (bus_ == nullptr) return;
  io_->forget(descriptor_);
  library_->close_unref(bus_);
}

asio::awaitable<Bus::Answer> Bus::Engine::call(Call call, SteadyTime deadline) {
  if (auto trouble = connect()) co_return std::move(*trouble);
  Pending pending(*this, call.keep, deadline);
  const int error = start(call, &pending);
  if (error < 0) co_return Answer{Fault::lost, "", connect_text(-error, address_), {}};
  io_->call_soon();
  while (!pending.done && std::chrono::steady_clock::now() < deadline) {
    asio::error_code ignored;
    co_await pending.timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (!pending.done) co_return Answer{Fault::late, "", "no answer in time", {}};
  co_return std::move(pending.answer);
}

void Bus::Engine::send(const Call& call) {
  if (bus_ == nullptr) return;
  start(call, nullptr);
  io_->call_soon();
}

// Nothing if there is a connection, or one is being made.
std::optional<Bus::Answer> Bus::Engine::connect() {
  if (bus_ != nullptr) return std::nullopt;
  library_ = SdBusLibrary::get();
  if (library_ == nullptr) {
    return Answer{Fault::no_library, "", "libsystemd.so.0 is not installed", {}};
  }
  int error = 0;
  try {
    if (!io_) io_.emplace(loop_, *this);
    error = open();
  } catch (const std::system_error& no_descriptor) {
    error = -no_descriptor.code().value();
  }
  if (error < 0) return Answer{Fault::unreachable, "", connect_text(-error, address_), {}};
  listener_.on_connected();
  return std::nullopt;
}

int Bus::Engine::open() {
  sd_bus* bus = nullptr;
  int error = library_->bus_new(&bus);
  if (error < 0) return error;
  error = library_->set_address(bus, address_.c_str());
  if (error >= 0) error = library_->set_bus_client(bus, 1);
  if (error >= 0) error = library_->start(bus);
  for (const std::string& match : matches_) {
    if (error < 0) break;
    error = library_->add_match_async(bus, nullptr, match.c_str(), &on_match, &on_matched, this);
  }
  bus_ = bus;
  shaken_hands_ = false;
  if (error >= 0) error = wait();
  if (error >= 0) return 0;
  library_->close_unref(std::exchange(bus_, nullptr));
  return error;
}

// Queues a call; without `pending`, nobody waits for its answer.
int Bus::Engine::start(const Call& call, Pending* pending) {
  sd_bus_message* message = nullptr;
  int error = library_->new_method_call(bus_, &message, call.destination.c_str(), call.path.c_str(),
                                        call.interface.c_str(), call.member.c_str());
  for (const auto& argument : call.arguments) {
    if (error < 0) break;
    if (const auto* text = std::get_if<std::string>(&argument)) {
      error = library_->append_basic(message, SD_BUS_TYPE_STRING, text->c_str());
      continue;
    }
    std::vector<char*> texts;
    for (const std::string& text : std::get<1>(argument)) {
      texts.push_back(const_cast<char*>(text.c_str()));
    }
    texts.push_back(nullptr);
    error = library_->append_strv(message, texts.data());
  }
  if (error >= 0) {
    error = library_->call_async(bus_, pending == nullptr ? nullptr : &pending->slot, message,
                                 pending == nullptr ? &on_matched : &on_reply, pending, kNoTimeout);
  }
  if (message != nullptr) library_->message_unref(message);
  return error;
}

int Bus::Engine::on_reply(sd_bus_message* message, void* waiting, sd_bus_error*) {
  auto& pending = *static_cast<Pending*>(waiting);
  const SdBusLibrary& library = *pending.engine.library_;
  Answer answer;
  if (const sd_bus_error* error = library.get_error(message)) {
    answer.error = error->name == nullptr ? "" : error->name;
    // By the library, when the connection ends; by the bus, when the other side leaves it.
    const bool gone = answer.error == SD_BUS_ERROR_NO_REPLY ||
                      answer.error == SD_BUS_ERROR_DISCONNECTED;
    answer.fault = gone ? Fault::lost : Fault::refused;
    answer.text = printable(error->message == nullptr ? "" : error->message, kLongestText);
  } else {
    pending.engine.shaken_hands_ = true;
    answer.values = read_values(library, message, pending.keep);
  }
  pending.finish(std::move(answer));
  return 1;
}

int Bus::Engine::on_match(sd_bus_message* message, void* self, sd_bus_error*) {
  auto& engine = *static_cast<Engine*>(self);
  const char* path = engine.library_->get_path(message);
  const char* member = engine.library_->get_member(message);
  Signal signal;
  signal.path = path == nullptr ? "" : path;
  signal.member = member == nullptr ? "" : member;
  signal.values = read_values(*engine.library_, message, nullptr);
  engine.listener_.on_signal(signal);
  return 0;
}

// Lets the library do what it can do now.
void Bus::Engine::turn() {
  if (bus_ == nullptr) return;
  int more = 1;
  for (int i = 0; more > 0 && i < kStepsATurn; ++i) more = library_->process(bus_, nullptr);
  if (more < 0) return drop(-more);
  if (library_->is_open(bus_) <= 0) return drop(ECONNRESET);
  const int error = wait();
  if (error < 0) return drop(-error);
  if (more > 0) io_->call_soon();
}

int Bus::Engine::wait() {
  const int descriptor = library_->get_fd(bus_);
  const int events = library_->get_events(bus_);
  std::uint64_t timeout = kNoTimeout;
  if (descriptor < 0) return descriptor;
  if (events < 0) return events;
  if (descriptor_ >= 0 && descriptor_ != descriptor) io_->forget(descriptor_);
  descriptor_ = descriptor;
  const unsigned what = ((events & POLLIN) != 0 ? LibraryLoop::kRead : 0U) |
                        ((events & POLLOUT) != 0 ? LibraryLoop::kWrite : 0U);
  if (const int error = io_->watch(descriptor, what)) return -error;
  if (library_->get_timeout(bus_, &timeout) > 0 && timeout != kNoTimeout) {
    // CLOCK_MONOTONIC, as steady_clock is.
    io_->call_at(SteadyTime{std::chrono::microseconds{timeout}} + Millis{1});
  }
  return 0;
}

void Bus::Engine::drop(int error) {
  io_->forget(std::exchange(descriptor_, -1));
  io_->call_never();
  const Fault fault = shaken_hands_ ? Fault::lost : Fault::unreachable;
  for (Pending* pending : pending_) {
    if (pending->slot != nullptr) library_->slot_unref(std::exchange(pending->slot, nullptr));
    const bool told = pending->done && pending->answer.fault != Fault::lost;
    if (!told) pending->finish({fault, "", connect_text(error, address_), {}});
  }
  library_->close_unref(std::exchange(bus_, nullptr));
  listener_.on_lost();
}

// --- Bus
// --------------------------------------------------------------------------------------------

Bus::Bus(asio::io_context& loop, std::string address, std::vector<std::string> matches,
         Listener& listener)
    : engine_(std::make_unique<Engine>(loop, std::move(address), std::move(matches), listener)) {}

Bus::~Bus() = default;

asio::awaitable<Bus::Answer> Bus::call(Call call, SteadyTime deadline) {
  co_return co_await engine_->call(std::move(call), deadline);
}

void Bus::send(const Call& call) {
  engine_->send(call);
}

bool Bus::connected() const noexcept {
  return engine_->connected();
}

std::string system_bus_address() {
  const std::string told = environment("DBUS_SYSTEM_BUS_ADDRESS");
  return told.empty() ? "unix:path=/run/dbus/system_bus_socket" : told;
}

std::string user_bus_address() {
  const std::string told = environment("DBUS_SESSION_BUS_ADDRESS");
  if (!told.empty()) return told;
  const std::string folder = environment("XDG_RUNTIME_DIR");
  const std::string path = folder.empty() ? "/run/user/" + std::to_string(getuid()) : folder;
  return "unix:path=" + percent_encode(path + "/bus");
}

}  // namespace tocsin
