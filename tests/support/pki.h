// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "support/child.h"
#include "support/temp_dir.h"

namespace tocsin {

// Whole chains of certificates, good and bad in every way, in a folder of their own: roots, issuers
// below them, servers' own, and OCSP responses about these (made by `openssl ocsp`). One thread
// only.
class Pki {
 public:
  struct Spec {
    std::string name;                // the common name, and that of the files
    std::string issuer;              // the name of one that was made before; empty: itself
    std::vector<std::string> hosts;  // "web-01.example" or "127.0.0.1"
    int from_days = -30;             // valid from and to, counted from now
    int to_days = 90;
    bool authority = false;
    std::string key = "P-256";  // a curve, "RSA-1024", or "ED25519"
    std::string digest = "SHA256";
    bool must_staple = false;
  };

  Pki();
  ~Pki();

  void make(const Spec& spec);
  std::filesystem::path certificate(const std::string& name) const;
  std::filesystem::path key(const std::string& name) const;
  // Their certificates in one file, in that order.
  std::filesystem::path bundle(const std::vector<std::string>& names) const;
  // What the issuer's responder says of a certificate: "good", "revoked" or "unknown"; signed by
  // `signer`, by default the issuer; good for so many days from now.
  std::filesystem::path staple(const std::string& name, const std::string& status,
                               const std::string& signer = "", int until_days = 7) const;
  const std::filesystem::path& path() const noexcept { return dir_.path(); }

 private:
  struct Made;
  const Made& made(const std::string& name) const;

  TempDir dir_;
  std::vector<std::unique_ptr<Made>> made_;
};

// `openssl s_server` on a port of 127.0.0.1 that the kernel chose; it takes old versions of TLS and
// weak keys if it is told to. Serves one connection at a time. One thread only.
class TlsServer {
 public:
  // More of s_server's own arguments. Throws std::runtime_error if it does not start.
  TlsServer(const Pki& pki, const std::string& name, std::vector<std::string> arguments = {});

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::uint16_t port() const noexcept { return port_; }

 private:
  TempDir dir_;
  std::uint16_t port_ = 0;
  std::unique_ptr<Child> child_;
};

}  // namespace tocsin
