// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "e2e/targets.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace tocsin {
namespace {

std::atomic<int> serial{0};

}  // namespace

WebTarget::WebTarget() {
  go();
}

WebTarget::~WebTarget() {
  stop();
}

void WebTarget::go() {
  if (thread_.joinable()) return;
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port_));
  socklen_t length = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, generic, length) != 0 || listen(listener_, 128) != 0) {
    throw std::runtime_error("the target cannot have its port again");
  }
  getsockname(listener_, generic, &length);
  port_ = ntohs(address.sin_port);
  stopping_ = false;
  thread_ = std::thread([this] { serve(); });
}

void WebTarget::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  shutdown(listener_, SHUT_RDWR);  // wakes the accept
  thread_.join();
  close(listener_);
}

void WebTarget::serve() {
  while (!stopping_) {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    answer_one(client);
    close(client);
  }
}

void WebTarget::answer_one(int client) const {
  std::string request;
  std::array<char, 4096> part{};
  pollfd ready{.fd = client, .events = POLLIN, .revents = 0};
  while (request.find("\r\n\r\n") == std::string::npos) {
    if (poll(&ready, 1, 2000) <= 0) return;
    const ssize_t got = recv(client, part.data(), part.size(), 0);
    if (got <= 0) return;
    request.append(part.data(), static_cast<std::size_t>(got));
  }
  const std::string answer = "HTTP/1.1 " + std::to_string(status_) +
                             " Answer\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
  void(send(client, answer.data(), answer.size(), MSG_NOSIGNAL));
}

std::string WebTarget::address() const {
  return "127.0.0.1:" + std::to_string(port_);
}

std::string WebTarget::url() const {
  return "http://" + address() + "/";
}

ProcessTarget::ProcessTarget(const std::filesystem::path& dir)
    : name_("victim-" + std::to_string(getpid()) + "-" + std::to_string(++serial)),
      path_(dir / name_) {
  std::filesystem::copy_file("/bin/sleep", path_);
}

void ProcessTarget::start() {
  child_ =
      std::make_unique<Child>(std::vector<std::string>{path_.string(), "600"}, Child::Options{});
}

void ProcessTarget::kill() {
  child_->signal(SIGKILL);
  child_->wait(std::chrono::seconds{10});
  child_.reset();
}

}  // namespace tocsin
