// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <asio/execution_context.hpp>
#include <map>
#include <memory>
#include <string>

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace tocsin {

// TLS client settings with the trusted issuers loaded, which is what costs. Kept by the loop (it is
// one of its Asio services: get it by asio::use_service), one for each file of issuers, and made
// anew when that file has changed. Without session reuse: a resumed session would pass an expired
// certificate. One loop's thread only.
class TlsContexts final : public asio::execution_context::service {
 public:
  static asio::execution_context::id id;

  explicit TlsContexts(asio::execution_context& loop) : service(loop) {}

  // `ca_file` is PEM; empty: the system's issuers. Throws std::runtime_error when the file cannot
  // be read or holds no certificate. What comes back stays good when the file changes later.
  std::shared_ptr<ssl_ctx_st> get(const std::string& ca_file);
  // With PEM revocation lists besides, by which every certificate of a chain is looked up; empty:
  // none is. Throws likewise.
  std::shared_ptr<ssl_ctx_st> get(const std::string& ca_file, const std::string& crl_file);

 private:
  void shutdown() override { contexts_.clear(); }

  struct Stamp {
    std::int64_t seconds = 0;
    std::int64_t nanos = 0;
    std::int64_t size = 0;
    std::uint64_t inode = 0;
    bool operator==(const Stamp&) const = default;
  };
  struct Entry {
    Stamp stamp;
    Stamp crl_stamp;
    std::shared_ptr<ssl_ctx_st> context;
  };
  static Stamp stamp_of(const std::string& ca_file) noexcept;

  std::map<std::string, Entry> contexts_;  // by the files' names, a line each
};

}  // namespace tocsin
