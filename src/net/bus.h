// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tocsin/time.h"

namespace tocsin {

// A value of a D-Bus message: variants are unpacked; arrays, structs and dictionary entries are
// lists. What it does not hold reads as nothing: 0, "", an empty list.
struct BusValue {
  using List = std::vector<BusValue>;
  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, List> value;

  const std::string& text() const noexcept;
  std::int64_t number()
      const noexcept;  // a flag is 0 or 1; what does not fit is the most that does
  std::uint64_t counter() const noexcept;
  const List& list() const noexcept;
};

// A dictionary of them, as org.freedesktop.DBus.Properties.GetAll gives.
using BusProperties = std::map<std::string, BusValue, std::less<>>;
BusProperties bus_properties(const BusValue& dictionary);

// A client of one D-Bus, on an Asio loop: connects when the first call asks for it, and anew after
// the bus went away. The library (libsystemd) is loaded then, too. One loop's thread only.
class Bus {
 public:
  struct Call {
    std::string destination;
    std::string path;
    std::string interface;
    std::string member;
    std::vector<std::variant<std::string, std::vector<std::string>>> arguments;
    // Entries of dictionaries whose key it refuses are left out; null: all are kept.
    bool (*keep)(std::string_view key) = nullptr;
  };
  enum class Fault : std::uint8_t {
    none,
    no_library,   // libsystemd is not installed
    unreachable,  // nobody serves that address, or we are not let in
    lost,         // the connection ended before the answer
    late,         // no answer by the deadline
    refused,      // the other side answered with an error: `error` is its name
  };
  struct Answer {
    Fault fault = Fault::none;
    std::string error;  // "org.freedesktop.DBus.Error.ServiceUnknown"
    std::string text;   // for people, printable
    std::vector<BusValue> values;
  };
  struct Signal {
    std::string path;
    std::string member;
    std::vector<BusValue> values;
  };
  // Called on the loop. It may send, and must not destroy the bus.
  class Listener {
   public:
    // A new connection is being made: what is sent now is the first that the bus gets.
    virtual void on_connected() = 0;
    virtual void on_signal(const Signal& signal) = 0;
    virtual void on_lost() = 0;

   protected:
    ~Listener() = default;
  };

  // `address` as the D-Bus specification writes it ("unix:path=…"); `matches`: the rules for the
  // signals that are wanted. The listener must outlive the bus.
  Bus(asio::io_context& loop, std::string address, std::vector<std::string> matches,
      Listener& listener);
  ~Bus();
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;

  // Ends by the deadline; does not throw.
  asio::awaitable<Answer> call(Call call, SteadyTime deadline);
  // Sends it where there is a connection; the answer is not waited for.
  void send(const Call& call);
  bool connected() const noexcept;

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

// Where the bus of this machine, or of this user, is (sd_bus_default_system(3), …_user(3)).
std::string system_bus_address();
std::string user_bus_address();

}  // namespace tocsin
