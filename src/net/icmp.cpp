// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// A Gang is a socket and the flights (pings under way) that share it. It takes new flights for a
// moment only, and no more than its receive buffer can hold the replies of: else a thousand pings
// at once would lose replies here and blame the target. It goes with its last flight.
//
// Each packet has a sequence number that is unique on its socket; by it a reply finds its flight.
// A reply is a packet's own if it comes from the address that was asked (an unspecified one is
// answered by this machine) with the payload that was sent.
//
// The round trip ends with the kernel's stamp on the reply, so that a busy loop does not make the
// network look slow. The stamp is wall time, which may step: what we measured by the steady clock
// is an upper bound that holds.
#include "net/icmp.h"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>
#include <map>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "net/errno_text.h"
#include "net/icmp_socket.h"
#include "net/library_loop.h"

namespace tocsin {
namespace {

constexpr Millis kFresh{100};  // how long a gang takes new flights
constexpr std::size_t kBudget = 128 * 1024;
constexpr std::size_t kCostOfAPacket = 1024;     // what the kernel counts for a small one, and more
constexpr int kHeardAtOnce = 512;                // a flood of replies must not hold up the loop
constexpr std::size_t kMostPackets = 16 * 1024;  // sequence numbers of a gang; there are 64 Ki

Nanos wall_now() noexcept {
  return std::chrono::system_clock::now().time_since_epoch();
}

std::uint64_t random_number() noexcept {
  std::uint64_t number = 0;
  if (getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number) {
    number = static_cast<std::uint64_t>(wall_now().count());
  }
  return number;
}

std::string not_allowed() {
  return "not allowed to ping here: net.ipv4.ping_group_range does not cover group " +
         std::to_string(getegid()) + ", and CAP_NET_RAW is missing; grant one of them";
}

std::string trouble_of(const IcmpSocket::Heard& heard, bool v6) {
  if (heard.error == EMSGSIZE) return "too large for the path";
  if (heard.error == EHOSTUNREACH) return "host unreachable, says this machine";
  if (heard.error != 0) return std::generic_category().message(heard.error);
  std::string text = icmp_error_text(v6, heard.type, heard.code);
  if (!heard.from.is_unspecified()) text += ", says " + heard.from.to_string();
  return text;
}

bool same_host(const asio::ip::address& a, const asio::ip::address& b) {
  if (a.is_v4() != b.is_v4()) return false;
  return a.is_v4() ? a.to_v4() == b.to_v4() : a.to_v6().to_bytes() == b.to_v6().to_bytes();
}

// One ping under way; it lives in the coroutine of its own.
struct Flight {
  Flight(asio::io_context& loop, const PingPlan& what) : plan(what), timer(loop) {
    fates.reserve(what.count);
  }

  struct Fate {
    SteadyTime sent_at;
    Nanos stamp{};
    bool settled = false;  // answered, or known to be lost
  };

  const PingPlan& plan;
  PingTally tally;
  const std::uint64_t nonce = random_number();
  std::vector<Fate> fates;  // one for each of tally.packets
  asio::steady_timer timer;

  bool all_settled() const {
    return fates.size() == plan.count &&
           std::all_of(fates.begin(), fates.end(), [](const Fate& fate) { return fate.settled; });
  }
  void on_reply(std::size_t index, std::uint16_t sequence, const IcmpSocket::Heard& heard);
  void on_error(std::size_t index, std::string trouble);

 private:
  void settle(std::size_t index) {
    fates[index].settled = true;
    if (all_settled()) timer.cancel();
  }
};

void Flight::on_reply(std::size_t index, std::uint16_t sequence, const IcmpSocket::Heard& heard) {
  if (!plan.address.is_unspecified() && !same_host(heard.from, plan.address)) return;
  const auto expected = echo_payload(nonce, sequence, plan.size);
  const Bytes& got = heard.echo.payload;
  if (!std::equal(got.begin(), got.end(), expected.begin(), expected.end())) {
    ++tally.wrong;
    tally.packets[index].trouble = "answered with another payload than was sent";
    return;
  }
  PingTally::Packet& packet = tally.packets[index];
  if (packet.round_trip) {
    ++tally.duplicates;
    return;
  }
  const Fate& fate = fates[index];
  const Micros bound = micros_between(fate.sent_at, std::chrono::steady_clock::now());
  const auto stamped =
      std::chrono::duration_cast<std::chrono::microseconds>(heard.stamp - fate.stamp);
  const bool usable = heard.stamp != Nanos{} && stamped.count() >= 0 && stamped <= bound;
  const Micros round_trip = usable ? Micros{static_cast<Micros::rep>(stamped.count())} : bound;
  if (round_trip > plan.wait) {
    ++tally.late;
    packet.trouble = "answered too late";
  } else {
    packet.round_trip = round_trip;
    packet.trouble.clear();
    ++tally.received;
  }
  settle(index);
}

void Flight::on_error(std::size_t index, std::string trouble) {
  if (tally.packets[index].round_trip) return;
  tally.packets[index].trouble = std::move(trouble);
  settle(index);
}

// --- a socket and its flights
// -----------------------------------------------------------------------

struct Gang {
  struct Packet {
    Flight* flight;
    std::size_t index;
  };
  IcmpSocket socket;
  SteadyTime born = std::chrono::steady_clock::now();
  std::size_t cost = 0;
  std::size_t flights = 0;
  std::size_t packets_promised = 0;
  std::uint16_t next = static_cast<std::uint16_t>(random_number());
  std::unordered_map<std::uint16_t, Packet> packets;  // by sequence number

  void send(Flight& flight);
  void leave(const Flight& flight) {
    std::erase_if(packets, [&](const auto& entry) { return entry.second.flight == &flight; });
    --flights;
  }
  void hand_over(const IcmpSocket::Heard& heard);
};

void Gang::send(Flight& flight) {
  const std::uint16_t sequence = next++;
  const std::size_t index = flight.fates.size();
  packets[sequence] = {&flight, index};
  const auto payload = echo_payload(flight.nonce, sequence, flight.plan.size);
  flight.fates.push_back({std::chrono::steady_clock::now(), wall_now()});
  flight.tally.packets.emplace_back();
  const int error = socket.send(flight.plan.address, sequence, payload);
  if (error == 0) return;
  if (net_error_of(error) == NetError::out_of_resources) {
    flight.tally.error = NetError::out_of_resources;
    flight.tally.error_text = errno_text(error, flight.plan.address.to_string());
    return;
  }
  const bool unreachable = net_error_of(error) == NetError::unreachable;
  flight.on_error(index, error == EMSGSIZE ? "too large for the path"
                         : unreachable     ? "no route to the host"
                                           : std::generic_category().message(error));
}

void Gang::hand_over(const IcmpSocket::Heard& heard) {
  const auto at = packets.find(heard.echo.sequence);
  if (at == packets.end()) return;  // of a flight that is over
  const auto [flight, index] = at->second;
  if (heard.is_error) {
    flight->on_error(index, trouble_of(heard, socket.options().v6));
  } else {
    flight->on_reply(index, heard.echo.sequence, heard);
  }
}

std::size_t cost_of(const PingPlan& plan) noexcept {
  return plan.count * (kCostOfAPacket + plan.size);
}

}  // namespace

// --- Icmp
// -------------------------------------------------------------------------------------------

class Icmp::Engine final : LibraryLoop::Listener {
 public:
  explicit Engine(asio::io_context& loop) : loop_(loop), io_(loop, *this) {}

  asio::awaitable<PingTally> ping(PingPlan plan);
  std::size_t sockets() const noexcept { return gangs_.size(); }

 private:
  // A flight's place in its gang, given up when its coroutine ends or is destroyed.
  class Place {
   public:
    Place(Engine& engine, Gang* gang, Flight& flight)
        : engine_(engine), gang_(gang), flight_(flight) {}
    ~Place() {
      if (gang_ == nullptr) return;
      gang_->leave(flight_);
      if (gang_->flights == 0) engine_.disband(*gang_);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    Engine& engine_;
    Gang* gang_;
    Flight& flight_;
  };

  Gang* join(const PingPlan& plan, PingTally& tally);
  Gang* found(const IcmpSocket::Options& options, PingTally& tally);
  void disband(Gang& gang);
  void drain(Gang& gang);
  void on_ready(int descriptor, unsigned what) override;
  void on_timeout() override {}

  asio::io_context& loop_;
  std::map<int, std::unique_ptr<Gang>> gangs_;  // by descriptor
  LibraryLoop io_;
};

asio::awaitable<PingTally> Icmp::Engine::ping(PingPlan plan) {
  Flight flight(loop_, plan);
  Gang* gang = join(plan, flight.tally);
  const Place place(*this, gang, flight);
  if (gang == nullptr) co_return std::move(flight.tally);
  flight.tally.id = gang->socket.id();
  flight.tally.raw = gang->socket.raw();
  const std::uint32_t dropped = gang->socket.dropped();
  const SteadyTime begun = std::chrono::steady_clock::now();
  while (flight.tally.error == NetError::none && !flight.all_settled()) {
    const auto sent = static_cast<int>(flight.fates.size());
    const bool more = flight.fates.size() < plan.count;
    const SteadyTime next =
        more ? begun + sent * plan.spacing : flight.fates.back().sent_at + plan.wait;
    const SteadyTime until = std::min(next, plan.deadline);
    if (std::chrono::steady_clock::now() < until) {
      asio::error_code ignored;
      flight.timer.expires_at(until);
      co_await flight.timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      continue;
    }
    drain(*gang);  // what is there already was in time
    if (!more || until == plan.deadline) break;
    gang->send(flight);
  }
  if (flight.tally.received < flight.tally.packets.size() && gang->socket.dropped() != dropped &&
      flight.tally.error == NetError::none) {
    flight.tally.error = NetError::out_of_resources;
    flight.tally.error_text = "this machine dropped replies before they could be read";
  }
  co_return std::move(flight.tally);
}

Gang* Icmp::Engine::join(const PingPlan& plan, PingTally& tally) {
  const IcmpSocket::Options options{plan.address.is_v6(), plan.ttl, plan.dont_fragment};
  const SteadyTime now = std::chrono::steady_clock::now();
  const std::size_t cost = cost_of(plan);
  Gang* gang = nullptr;
  for (const auto& [descriptor, other] : gangs_) {
    const bool fits =
        other->cost + cost <= kBudget && other->packets_promised + plan.count <= kMostPackets;
    if (fits && now < other->born + kFresh && other->socket.options() == options) {
      gang = other.get();
    }
  }
  if (gang == nullptr) gang = found(options, tally);
  if (gang == nullptr) return nullptr;
  gang->cost += cost;
  gang->packets_promised += plan.count;
  ++gang->flights;
  return gang;
}

// A new gang; null, and why in the tally.
Gang* Icmp::Engine::found(const IcmpSocket::Options& options, PingTally& tally) {
  auto gang = std::make_unique<Gang>();
  int error = gang->socket.open(options);
  if (error == 0) error = io_.watch(gang->socket.descriptor(), LibraryLoop::kRead);
  if (error == 0) {
    Gang* out = gang.get();
    gangs_.emplace(out->socket.descriptor(), std::move(gang));
    return out;
  }
  tally.error = error == EAFNOSUPPORT ? NetError::unreachable : NetError::out_of_resources;
  tally.error_text = error == EACCES         ? not_allowed()
                     : error == EAFNOSUPPORT ? "this machine does not speak IPv6"
                                             : errno_text(error, "");
  return nullptr;
}

void Icmp::Engine::disband(Gang& gang) {
  io_.forget(gang.socket.descriptor());
  gangs_.erase(gang.socket.descriptor());
}

void Icmp::Engine::drain(Gang& gang) {
  IcmpSocket::Heard heard;
  for (int i = 0; i < kHeardAtOnce && gang.socket.hear(heard); ++i) gang.hand_over(heard);
}

void Icmp::Engine::on_ready(int descriptor, unsigned) {
  const auto at = gangs_.find(descriptor);
  if (at != gangs_.end()) drain(*at->second);
}

Icmp::Icmp(asio::io_context& loop) : loop_(loop) {}

Icmp::~Icmp() = default;

asio::awaitable<PingTally> Icmp::ping(PingPlan plan) {
  try {
    if (!engine_) engine_ = std::make_unique<Engine>(loop_);
  } catch (const std::system_error& error) {
    PingTally tally;
    tally.error = NetError::out_of_resources;
    tally.error_text = errno_text(error.code().value(), "");
    co_return tally;
  }
  co_return co_await engine_->ping(std::move(plan));
}

std::size_t Icmp::sockets() const noexcept {
  return engine_ ? engine_->sockets() : 0;
}

}  // namespace tocsin
