// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "tocsin/config.h"

namespace tocsin {

// The running daemon, for the commands that ask or steer it: found by the configuration's
// web.listen, asked over HTTP. One thread.
class DaemonClient {
 public:
  // Reads no more of the configuration than `web`, so that it works while the rest is being edited.
  // Prints why, if it is of no use, and gives nothing then.
  static std::optional<DaemonClient> find(const std::filesystem::path& config);

  struct Answer {
    int status = 0;  // 0: there was none
    std::string body;
    std::string trouble;  // for people: why there was none, or what the daemon refused, and what
                          // to do; empty for 2xx
  };
  // One exchange, within half a minute. `json`: the body of a POST; a GET has none.
  Answer get(const std::string& path) const { return ask("GET", path, {}); }
  Answer post(const std::string& path, const std::string& json) const {
    return ask("POST", path, json);
  }

 private:
  DaemonClient(std::string unix_socket, std::string base, Secret token)
      : unix_socket_(std::move(unix_socket)), base_(std::move(base)), token_(std::move(token)) {}

  Answer ask(const std::string& method, const std::string& path, const std::string& json) const;
  std::string advice(int status) const;

  std::string unix_socket_;  // empty: by TCP
  std::string base_;         // "http://127.0.0.1:8480"
  Secret token_;
};

}  // namespace tocsin
