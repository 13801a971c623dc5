// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Finding. Secrets are looked up by their HMAC under a key that is made at each start, and the one
// that is found is compared in constant time. How long the look takes says something of digests,
// which nobody can compute without that key, and nothing of secrets; and ten thousand of them cost
// no more than one.
//
// Trying. Each place that asks (an IPv4 address, an IPv6 /64, the unix socket) may be wrong 20
// times, and then once in 3 seconds; all of them together 200 times, and then ten times a second.
// Beyond that a secret is not even looked for, or a stranger who guesses fast enough would still be
// let in by the right one — unless it is one that was used from that very place before. So the jobs
// that share an address with the stranger, behind a proxy or on this machine, go on telling; what a
// stranger may hit by chance is what his own neighbours use.
#include "web/heartbeat_door.h"

#include <Poco/HMACEngine.h>
#include <Poco/SHA1Engine.h>

#include <algorithm>

#include "util/log.h"
#include "util/text.h"
#include "web/guard.h"

namespace tocsin {
namespace {

struct Limit {
  double most;
  double per_second;
};
constexpr Limit kOfOne{20, 1.0 / 3};
constexpr Limit kOfAll{200, 10};
constexpr std::size_t kMostPlaces = 4096;
constexpr Millis kWait{3000};
constexpr std::chrono::minutes kWarnEvery{1};

double seconds_between(SteadyTime from, SteadyTime to) noexcept {
  return std::max(0.0, std::chrono::duration<double>(to - from).count());
}

double grown(double left, SteadyTime since, SteadyTime now, const Limit& limit) noexcept {
  return std::min(limit.most, left + seconds_between(since, now) * limit.per_second);
}

// An IPv6 network is one place: its owner has 2^64 addresses.
std::string place_of(std::string_view address) {
  if (address.empty()) return "unix";
  std::size_t colons = 0;
  for (std::size_t i = 0; i < address.size(); ++i) {
    if (address[i] == ':' && ++colons == 4) return std::string(address.substr(0, i));
  }
  return std::string(address);
}

}  // namespace

class HeartbeatDoor::Digest {
 public:
  std::string of(std::string_view text) const {
    Poco::HMACEngine<Poco::SHA1Engine> engine(key_);
    engine.update(text.data(), text.size());
    const auto& bytes = engine.digest();
    return {bytes.begin(), bytes.end()};
  }

 private:
  const std::string key_ = random_uuid() + random_uuid();
};

HeartbeatDoor::HeartbeatDoor() : digest_(std::make_unique<Digest>()), everybody_{kOfAll.most, {}} {}

HeartbeatDoor::~HeartbeatDoor() = default;

void HeartbeatDoor::set_checks(const std::vector<CheckPtr>& checks) {
  std::unordered_map<std::string, Key> keys;
  for (const CheckPtr& check : checks) {
    if (!check->heartbeat || check->heartbeat->secret.empty()) continue;
    const Secret& secret = check->heartbeat->secret;
    keys[digest_->of(secret.reveal())] = {secret, check->name, {}};
  }
  const std::lock_guard lock(mutex_);
  for (auto& [digest, key] : keys) {
    const auto known = keys_.find(digest);
    if (known != keys_.end()) key.address = known->second.address;
  }
  keys_ = std::move(keys);
}

HeartbeatDoor::Key* HeartbeatDoor::find(std::string_view secret) {
  const auto found = keys_.find(digest_->of(secret));
  if (found == keys_.end() || !same_secret(found->second.secret.reveal(), secret)) return nullptr;
  return &found->second;
}

HeartbeatDoor::Answer HeartbeatDoor::open(std::string_view secret, std::string_view address,
                                          SteadyTime now) {
  const std::string place = place_of(address);
  const std::lock_guard lock(mutex_);
  Key* key = find(secret);
  const bool at_home = key != nullptr && key->address == place;
  if (at_home) return {key->check, std::nullopt};
  Allowance& own = allowance_of(place, now);
  everybody_ = {grown(everybody_.left, everybody_.at, now, kOfAll), now};
  if (own.left < 1 || everybody_.left < 1) {
    if (now - warned_at_ >= kWarnEvery || warned_at_ == SteadyTime{}) {
      warned_at_ = now;
      log(LogLevel::warn, "heartbeat_guessing", "address", address, "effect",
          "secrets that are new from there are not looked at for a while");
    }
    return {std::nullopt, kWait};
  }
  if (key != nullptr) {
    key->address = place;
    return {key->check, std::nullopt};
  }
  own.left -= 1;
  everybody_.left -= 1;
  return {};
}

HeartbeatDoor::Allowance& HeartbeatDoor::allowance_of(const std::string& place, SteadyTime now) {
  if (places_.size() >= kMostPlaces && !places_.contains(place)) make_room(now);
  const auto [at, is_new] = places_.try_emplace(place, Allowance{kOfOne.most, now});
  at->second = {grown(at->second.left, at->second.at, now, kOfOne), now};
  return at->second;
}

// Those whose allowance is whole again are as good as unknown; if there are none, the attack is on
// everybody's allowance anyway.
void HeartbeatDoor::make_room(SteadyTime now) {
  std::erase_if(places_, [now](const auto& entry) {
    return grown(entry.second.left, entry.second.at, now, kOfOne) >= kOfOne.most;
  });
  if (places_.size() >= kMostPlaces) places_.clear();
}

}  // namespace tocsin
