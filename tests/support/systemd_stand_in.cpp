// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "support/systemd_stand_in.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace tocsin {
namespace {

constexpr const char* kPython = "/usr/bin/python3";  // the one that Debian's modules are for

std::string script() {
  return std::string(TOCSIN_SOURCE_DIR) + "/tests/support/systemd_stand_in.py";
}

}  // namespace

bool SystemdStandIn::possible() {
  return run_program({kPython, "-c", "import dbus, gi.repository.GLib"}).status == 0 &&
         run_program({"dbus-daemon", "--version"}).status == 0;
}

SystemdStandIn::SystemdStandIn() {
  dir_.write("bus.conf",
             "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" "
             "\"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
             "<busconfig><listen>" +
                 address() +
                 "</listen><auth>EXTERNAL</auth><policy context=\"default\">"
                 "<allow send_destination=\"*\"/><allow receive_type=\"method_call\"/>"
                 "<allow receive_type=\"method_return\"/><allow receive_type=\"error\"/>"
                 "<allow receive_type=\"signal\"/><allow own=\"*\"/>"
                 "</policy></busconfig>\n");
  start();
}

SystemdStandIn::~SystemdStandIn() {
  stop();
}

std::string SystemdStandIn::address() const {
  return "unix:path=" + (dir_.path() / "bus").string();
}

void SystemdStandIn::start() {
  const std::string log = (dir_.path() / "log").string();
  bus_.emplace(std::vector<std::string>{"dbus-daemon", "--nofork", "--nopidfile",
                                        "--config-file=" + (dir_.path() / "bus.conf").string()},
               Child::Options{{}, log, log});
  const auto socket = dir_.path() / "bus";
  if (!eventually([&] { return std::filesystem::exists(socket); })) {
    throw std::runtime_error("dbus-daemon did not start: " + read_file(log));
  }
  systemd_.emplace(
      std::vector<std::string>{kPython, script(), address(), (dir_.path() / "control").string()},
      Child::Options{{}, log, log});
  connect();
}

void SystemdStandIn::connect() {
  control_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::strncpy(to.sun_path, (dir_.path() / "control").c_str(), sizeof to.sun_path - 1);
  const bool connected = eventually(
      [&] { return ::connect(control_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0; });
  if (!connected) {
    throw std::runtime_error("the stand-in did not start: " + read_file(dir_.path() / "log"));
  }
}

void SystemdStandIn::stop() {
  if (control_ >= 0) close(std::exchange(control_, -1));
  bus_.reset();
  systemd_.reset();
  std::error_code ignored;
  std::filesystem::remove(dir_.path() / "bus", ignored);
  std::filesystem::remove(dir_.path() / "control", ignored);
}

std::string SystemdStandIn::tell(const std::string& json) {
  std::string line = json;
  std::replace(line.begin(), line.end(), '\n', ' ');
  line += '\n';
  if (send(control_, line.data(), line.size(), MSG_NOSIGNAL) < 0) {
    throw std::runtime_error("the stand-in is gone: " + read_file(dir_.path() / "log"));
  }
  std::string answer;
  for (char c = 0; c != '\n';) {
    if (recv(control_, &c, 1, 0) != 1) {
      throw std::runtime_error("the stand-in failed: " + read_file(dir_.path() / "log"));
    }
    answer += c;
  }
  answer.pop_back();
  return answer.size() > 3 ? answer.substr(3) : "";
}

void SystemdStandIn::set(const std::string& name, const std::string& unit, const std::string& own) {
  tell(R"({"set": ")" + name + R"(", "unit": )" + unit + R"(, "own": )" + own + "}");
}

}  // namespace tocsin
