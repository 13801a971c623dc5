// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Finding. Secrets are looked up by their HMAC under a key that is made at each start, and the one
// that is found is compared in constant time. How long the look takes says something of digests,
// which nobody can compute without that key, and nothing of secrets; and ten thousand of them cost
// no more than one.
//
// Trying. Each place that asks (an IPv4 address, this machine, an IPv6 /64) may be wrong 20 times;
// from then on it is told to wait, 429, each time it is wrong. After 200 times it is shut out, but
// for one try in 3 seconds: its secrets are not even looked for, or whoever guesses fast enough
// would still be let in by the right one. Only what was used from that very place before is let in
// then, so that jobs which share an address with the stranger, behind a proxy or on this machine,
// go on telling, also after a restart. What a stranger may hit by chance is what his neighbours
// use.
#include "web/heartbeat_door.h"

#include <Poco/HMACEngine.h>
#include <Poco/SHA1Engine.h>

#include <algorithm>

#include "util/log.h"
#include "util/text.h"
#include "web/guard.h"

namespace tocsin {
namespace {

constexpr double kWhole = 20;           // an allowance that nothing was taken from
constexpr double kShut = kWhole - 200;  // and one that is used up
constexpr double kPerSecond = 1.0 / 3;
constexpr std::size_t kMostPlaces = 4096;
constexpr const char* kCrowd = "*";  // stands for all places beyond these
constexpr Millis kWait{3000};
constexpr std::chrono::minutes kWarnEvery{1};

double grown(double left, SteadyTime since, SteadyTime now) noexcept {
  const double seconds = std::max(0.0, std::chrono::duration<double>(now - since).count());
  return std::min(kWhole, left + seconds * kPerSecond);
}

// A machine has all of 127.0.0.0/8, and an IPv6 network 2^64 addresses: each is one place.
std::string place_of(std::string_view address) {
  if (address.empty() || address.starts_with("127.") || address == "0:0:0:0:0:0:0:1") {
    return "this machine";
  }
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

HeartbeatDoor::HeartbeatDoor() : digest_(std::make_unique<Digest>()) {}

HeartbeatDoor::~HeartbeatDoor() = default;

void HeartbeatDoor::set_checks(const std::vector<CheckPtr>& checks,
                               const std::vector<HeartbeatRecord>& known) {
  std::unordered_map<std::string_view, std::string> places;
  for (const HeartbeatRecord& record : known) {
    const bool told = record.started_at || record.succeeded_at || record.failed_at;
    if (told) places[record.name] = place_of(record.address);
  }
  std::unordered_map<std::string, Key> keys;
  for (const CheckPtr& check : checks) {
    if (!check->heartbeat || check->heartbeat->secret.empty()) continue;
    const Secret& secret = check->heartbeat->secret;
    keys[digest_->of(secret.reveal())] = {secret, check->name, places[check->name]};
  }
  const std::lock_guard lock(mutex_);
  for (auto& [digest, key] : keys) {
    const auto before = keys_.find(digest);
    if (before != keys_.end()) key.place = before->second.place;
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
  Key* const key = find(secret);
  if (key != nullptr && key->place == place) return {key->check, std::nullopt};
  Allowance& allowance = allowance_of(place, now);
  const bool shut = allowance.left < kShut + 1;
  if (key != nullptr && !shut) {
    key->place = place;
    return {key->check, std::nullopt};
  }
  const bool patient = allowance.left >= 1;
  if (!shut) allowance.left -= 1;
  if (patient) return {};
  warn(address, shut, now);
  return {std::nullopt, kWait};
}

void HeartbeatDoor::warn(std::string_view address, bool shut, SteadyTime now) {
  if (warned_at_ != SteadyTime{} && now - warned_at_ < kWarnEvery) return;
  warned_at_ = now;
  log(LogLevel::warn, "heartbeat_guessing", "address", address, "effect",
      shut ? "only secrets that were used from there before are let in" : "told to wait");
}

// Places whose allowance is whole again are as good as unknown. If all are taken, the rest share
// one: memory is bounded, and nobody gets a new allowance by bringing others.
HeartbeatDoor::Allowance& HeartbeatDoor::allowance_of(const std::string& place, SteadyTime now) {
  const bool full = places_.size() >= kMostPlaces && !places_.contains(place);
  if (full) {
    std::erase_if(places_, [now](const auto& entry) {
      return grown(entry.second.left, entry.second.at, now) >= kWhole;
    });
  }
  const std::string name = full && places_.size() >= kMostPlaces ? kCrowd : place;
  Allowance& allowance = places_.try_emplace(name, Allowance{kWhole, now}).first->second;
  allowance = {grown(allowance.left, allowance.at, now), now};
  return allowance;
}

}  // namespace tocsin
