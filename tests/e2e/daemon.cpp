// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "e2e/daemon.h"

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace tocsin {
namespace {

sockaddr_un unix_address(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  return address;
}

Poco::JSON::Object::Ptr object(const std::string& json) {
  return Poco::JSON::Parser().parse(json).extract<Poco::JSON::Object::Ptr>();
}

}  // namespace

Daemon::Daemon() {
  std::string name = (std::filesystem::temp_directory_path() / "tocsin-e2e-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  dir_ = name;
  notify_fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = unix_address(dir_ / "notify");
  if (bind(notify_fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    throw std::runtime_error("cannot bind the notify socket");
  }
}

Daemon::~Daemon() {
  child_.reset();
  close(notify_fd_);
  std::filesystem::remove_all(dir_);
}

void Daemon::configure(const std::string& yaml) {
  const std::filesystem::path fresh = dir_ / "tocsin.yaml.new";
  std::ofstream(fresh) << "instance: mon-1\nstate_dir: " << (dir_ / "state").string()
                       << "\nweb: {listen: \"unix:" << (dir_ / "web.sock").string() << "\"}\n"
                       << yaml;
  std::filesystem::rename(fresh, dir_ / "tocsin.yaml");
}

bool Daemon::start_with(std::vector<std::string> env) {
  env.push_back("NOTIFY_SOCKET=" + (dir_ / "notify").string());
  std::array<char, 4096> rest{};
  while (recv(notify_fd_, rest.data(), rest.size(), MSG_DONTWAIT) > 0) {
  }
  const std::vector<std::string> argv{binary(), "run", "--config", (dir_ / "tocsin.yaml").string()};
  child_ = std::make_unique<Child>(
      argv, Child::Options{.env = env, .out = dir_ / "out", .err = dir_ / "err"});
  return wait_notify("READY=1");
}

void Daemon::kill9() {
  child_->signal(SIGKILL);
  child_->wait(std::chrono::seconds{30});
}

std::optional<int> Daemon::terminate(std::chrono::milliseconds bound) {
  child_->signal(SIGTERM);
  return child_->wait(bound);
}

bool Daemon::reload() {
  child_->signal(SIGHUP);
  return wait_notify("RELOADING=1") && wait_notify("READY=1");
}

bool Daemon::wait_notify(const std::string& text, std::chrono::milliseconds bound) {
  const auto end = std::chrono::steady_clock::now() + bound;
  while (child_->running()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd ready{.fd = notify_fd_, .events = POLLIN, .revents = 0};
    // In steps, so that the daemon's early end is noticed.
    if (poll(&ready, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 200))) <= 0) continue;
    std::array<char, 4096> datagram{};
    const ssize_t length = recv(notify_fd_, datagram.data(), datagram.size(), 0);
    if (length > 0 &&
        std::string_view(datagram.data(), static_cast<std::size_t>(length)).find(text) !=
            std::string_view::npos) {
      return true;
    }
  }
  return false;
}

std::string Daemon::get(const std::string& path, int* status) const {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = unix_address(dir_ / "web.sock");
  std::string answer;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    const std::string request =
        "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    void(send(fd, request.data(), request.size(), MSG_NOSIGNAL));
    std::array<char, 65536> part{};
    for (ssize_t got = 0; (got = recv(fd, part.data(), part.size(), 0)) > 0;) {
      answer.append(part.data(), static_cast<std::size_t>(got));
    }
  }
  close(fd);
  if (status != nullptr) *status = answer.size() > 12 ? std::atoi(answer.c_str() + 9) : 0;
  const std::size_t body = answer.find("\r\n\r\n");
  return body == std::string::npos ? std::string() : answer.substr(body + 4);
}

std::string Daemon::state_of(const std::string& check) const {
  int status = 0;
  const std::string body = get("/api/v1/checks/" + check, &status);
  return status == 200 ? object(body)->getValue<std::string>("state") : std::string();
}

std::uint64_t Daemon::probes_of(const std::string& check) const {
  return object(get("/api/v1/checks/" + check))->getValue<std::uint64_t>("probes");
}

std::size_t Daemon::count(const std::string& path, const std::string& list) const {
  return object(get(path))->getArray(list)->size();
}

bool Daemon::wait_state(const std::string& check, const std::string& state) {
  return eventually([&] { return state_of(check) == state; }, std::chrono::seconds{60});
}

std::string Daemon::log() const {
  return read_file(dir_ / "err");
}

std::string Daemon::out() const {
  return read_file(dir_ / "out");
}

std::string Daemon::binary() {
  return TOCSIN_BINARY;
}

}  // namespace tocsin
