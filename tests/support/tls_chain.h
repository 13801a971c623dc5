// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/child.h"
#include "support/temp_dir.h"

namespace tocsin {

// A root, an issuer signed by it, and a server's certificate signed by that, with the revocation
// lists of both; made by the openssl command. One thread only.
class TlsChain {
 public:
  enum class Revoked { nothing, server, issuer };

  explicit TlsChain(const std::string& host) {
    dir_.write("ext", "basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\n");
    dir_.write("leaf", "subjectAltName=DNS:" + host + ",IP:127.0.0.1\n");
    openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-keyout", at("root.key"), "-out", at("root.pem"), "-subj", "/CN=Chain Root", "-days",
             "90"});
    sign("issuer", "Chain Issuer", "root", "ext");
    sign("server", host, "issuer", "leaf");
    dir_.write("chain.pem", read_file(at("server.pem")) + read_file(at("issuer.pem")));
  }

  std::string root() const { return at("root.pem"); }
  std::string issuer() const { return at("issuer.pem"); }
  // The server's certificate and its issuer's, for the server's side.
  std::string chain() const { return at("chain.pem"); }
  std::string key() const { return at("server.key"); }

  // Both lists in one file, good for so many seconds.
  std::string lists(Revoked revoked, int seconds = 86'400) {
    const std::string both = list("root", revoked == Revoked::issuer ? "issuer" : "", seconds) +
                             list("issuer", revoked == Revoked::server ? "server" : "", seconds);
    return dir_.write("lists" + std::to_string(++lists_) + ".pem", both).string();
  }
  // The server's issuer's alone.
  std::string list_of_issuer() {
    return dir_.write("list.pem", list("issuer", "", 86'400)).string();
  }

 private:
  std::string at(const std::string& name) const { return (dir_.path() / name).string(); }

  static void openssl(std::vector<std::string> words) {
    words.insert(words.begin(), "/usr/bin/openssl");
    const Ran ran = run_program(words);
    if (ran.status != 0) throw std::runtime_error("openssl: " + ran.err);
  }

  void sign(const std::string& name, const std::string& subject, const std::string& by,
            const std::string& extensions) {
    openssl({"req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-keyout", at(name + ".key"), "-out", at(name + ".csr"), "-subj", "/CN=" + subject});
    openssl({"x509", "-req", "-in", at(name + ".csr"), "-CA", at(by + ".pem"), "-CAkey",
             at(by + ".key"), "-set_serial", name == "issuer" ? "17" : "18", "-days", "60",
             "-extfile", at(extensions), "-out", at(name + ".pem")});
  }

  std::string list(const std::string& by, const std::string& revoked, int seconds) {
    const std::string base = by + std::to_string(++lists_);
    dir_.write(base + ".index", "");
    dir_.write(base + ".cnf", "[ca]\ndefault_ca=it\n[it]\ndatabase=" + at(base + ".index") +
                                  "\ndefault_md=sha256\n");
    const std::vector<std::string> common{
        "ca", "-config", at(base + ".cnf"), "-cert", at(by + ".pem"), "-keyfile", at(by + ".key")};
    if (!revoked.empty()) {
      auto words = common;
      words.insert(words.end(), {"-revoke", at(revoked + ".pem")});
      openssl(words);
    }
    auto words = common;
    words.insert(words.end(),
                 {"-gencrl", "-crlsec", std::to_string(seconds), "-out", at(base + ".crl")});
    openssl(words);
    return read_file(at(base + ".crl"));
  }

  TempDir dir_;
  int lists_ = 0;
};

}  // namespace tocsin
