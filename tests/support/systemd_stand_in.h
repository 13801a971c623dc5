// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <optional>
#include <string>

#include "support/child.h"
#include "support/temp_dir.h"

namespace tocsin {

// A private D-Bus, and on it a stand-in for systemd's manager (systemd_stand_in.py says what it
// takes). Needs dbus-daemon and python3-dbus. One thread only.
class SystemdStandIn {
 public:
  // Both are running then. Throws std::runtime_error otherwise.
  SystemdStandIn();
  ~SystemdStandIn();
  SystemdStandIn(const SystemdStandIn&) = delete;
  SystemdStandIn& operator=(const SystemdStandIn&) = delete;

  static bool possible();

  std::string address() const;
  // Gives the stand-in a command, and waits until it has done it. Returns what it says behind "ok".
  std::string tell(const std::string& json);
  // The unit's properties by its common interface, and by that of its type: JSON objects.
  void set(const std::string& name, const std::string& unit, const std::string& own = "{}");

  // The bus itself dies, with the stand-in, and comes back at the same address, empty.
  void stop();
  void start();

 private:
  void connect();

  TempDir dir_;
  std::optional<Child> bus_;
  std::optional<Child> systemd_;
  int control_ = -1;
};

}  // namespace tocsin
