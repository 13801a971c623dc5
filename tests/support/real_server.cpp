// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "support/real_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "support/nginx.h"

namespace tocsin {
namespace {

bool listens(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool connected = connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  close(fd);
  return connected;
}

}  // namespace

RealServer::RealServer(std::string program) : program_(std::move(program)) {
  std::filesystem::permissions(dir_.path(), std::filesystem::perms(0755));
}

RealServer::~RealServer() {
  stop();
}

bool RealServer::there() const {
  if (std::filesystem::exists(program_)) return true;
  WARN("skipped: " << program_ << " is not installed");
  return false;
}

bool RealServer::there_for_root() const {
  if (getuid() == 0) return there();
  WARN("skipped: " << program_ << " needs root");
  return false;
}

std::uint16_t RealServer::port(std::size_t i) {
  while (ports_.size() <= i) {
    const std::uint16_t next = free_port();
    if (std::find(ports_.begin(), ports_.end(), next) == ports_.end()) ports_.push_back(next);
  }
  return ports_[i];
}

std::string RealServer::write(const std::string& name, std::string_view text) const {
  return dir_.write(name, text);
}

std::string RealServer::folder(const std::string& name, const char* user) const {
  std::filesystem::create_directories(path(name));
  const passwd* entry = user == nullptr ? nullptr : getpwnam(user);
  if (getuid() == 0 && entry != nullptr &&
      chown(path(name).c_str(), entry->pw_uid, entry->pw_gid) != 0) {
    throw std::runtime_error("chown failed");
  }
  return path(name);
}

void RealServer::start(const std::vector<std::string>& arguments) {
  const std::uint16_t first = port(0);
  start(arguments, [first] { return listens(first); });
}

void RealServer::start(const std::vector<std::string>& arguments,
                       const std::function<bool()>& is_up, const std::vector<std::string>& env) {
  std::vector<std::string> argv{program_};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  Child::Options options;
  options.env = env;
  options.out = path("printed");
  options.err = path("errors");
  child_ = std::make_unique<Child>(argv, options);
  const auto settled = [&] { return !child_->running() || is_up(); };
  if (eventually(settled, std::chrono::seconds{60}) && child_->running()) return;
  throw std::runtime_error(program_ + " does not start: " + read_file(path("printed")) +
                           read_file(path("errors")));
}

void RealServer::stop() {
  if (!child_) return;
  // Many are several processes, of which the first one ends the others.
  child_->signal(SIGTERM);
  child_->wait(std::chrono::seconds{10});
  child_.reset();
}

}  // namespace tocsin
