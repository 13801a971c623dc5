// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "support/nginx.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace tocsin {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  out.sin_port = htons(port);
  return out;
}

bool listens(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in to = loopback(port);
  const bool connected = connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  close(fd);
  return connected;
}

}  // namespace

std::uint16_t free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at = loopback(0);
  socklen_t size = sizeof at;
  const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&at), size) == 0 &&
                     getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) == 0;
  close(fd);
  if (!bound) throw std::runtime_error("no free port");
  return ntohs(at.sin_port);
}

Nginx::Nginx(const Options& options) : tls_(options.tls) {
  std::filesystem::create_directories(dir_.path() / "root");
  // Somebody may take the port before nginx does.
  for (int attempt = 0; attempt < 5; ++attempt) {
    start(options);
    if (eventually([this] { return !child_->running() || listens(port_); }) && child_->running()) {
      return;
    }
  }
  throw std::runtime_error("nginx does not start: " + read_file(dir_.path() / "error.log"));
}

void Nginx::start(const Options& options) {
  port_ = free_port();
  const std::string root = dir_.path().string();
  std::string conf =
      "daemon off; master_process off; worker_rlimit_nofile 4096;\n"
      "pid " +
      root + "/nginx.pid; error_log " + root +
      "/error.log;\n"
      "events { worker_connections 2048; }\n"
      "http {\n  access_log off; keepalive_timeout 30; server_tokens off;\n"
      "  types { text/html html; application/json json; text/plain txt; }\n";
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    conf += std::string("  ") + kind + "_temp_path " + root + "/" + kind + ";\n";
  }
  conf += options.http + "\n  server {\n    listen " + address() + (tls_ ? " ssl;\n" : ";\n") +
          "    root " + root + "/root;\n" + options.server + "\n  }\n}\n";
  const auto file = dir_.write("nginx.conf", conf);
  Child::Options files;
  files.err = dir_.path() / "error.log";
  child_ = std::make_unique<Child>(
      std::vector<std::string>{"/usr/sbin/nginx", "-c", file.string(), "-p", root}, files);
}

std::string Nginx::url(const std::string& path) const {
  return (tls_ ? "https://" : "http://") + address() + path;
}

void Nginx::put(const std::string& name, std::string_view text) const {
  dir_.write("root/" + name, text);
}

}  // namespace tocsin
