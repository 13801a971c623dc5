// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "support/pki.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "support/nginx.h"

namespace tocsin {
namespace {

using Key = std::shared_ptr<EVP_PKEY>;
using Certificate = std::shared_ptr<X509>;

constexpr long kDay = 24L * 60 * 60;

void must(bool good) {
  if (!good) throw std::runtime_error("OpenSSL refuses to make a test's certificate");
}

Key make_key(const std::string& kind) {
  EVP_PKEY* key = nullptr;
  if (kind.starts_with("RSA-")) {
    key = EVP_RSA_gen(static_cast<unsigned>(std::stoul(kind.substr(4))));
  } else if (kind == "ED25519") {
    key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  } else {
    key = EVP_EC_gen(kind.c_str());
  }
  must(key != nullptr);
  return {key, EVP_PKEY_free};
}

void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  must(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

std::string alternative_names(const std::vector<std::string>& hosts) {
  std::string out;
  for (const std::string& host : hosts) {
    const bool address = host.find_first_not_of("0123456789.:") == std::string::npos;
    out += (out.empty() ? "" : ",") + std::string(address ? "IP:" : "DNS:") + host;
  }
  return out;
}

void write_pem(const std::filesystem::path& path, X509* certificate, EVP_PKEY* key) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "w"),
                                                             std::fclose);
  must(file != nullptr);
  if (certificate != nullptr) must(PEM_write_X509(file.get(), certificate) == 1);
  if (key != nullptr) {
    must(PEM_write_PrivateKey(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  }
}

std::string serial_of(const X509* certificate) {
  const std::unique_ptr<BIGNUM, void (*)(BIGNUM*)> number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr), BN_free);
  const std::unique_ptr<char, void (*)(char*)> hex(BN_bn2hex(number.get()),
                                                   [](char* text) { OPENSSL_free(text); });
  return hex.get();
}

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

struct Pki::Made {
  Spec spec;
  Key key;
  Certificate certificate;
};

Pki::Pki() = default;
Pki::~Pki() = default;

const Pki::Made& Pki::made(const std::string& name) const {
  for (const auto& one : made_) {
    if (one->spec.name == name) return *one;
  }
  throw std::runtime_error("no certificate was made for " + name);
}

void Pki::make(const Spec& spec) {
  auto out = std::make_unique<Made>(Made{spec, make_key(spec.key), {X509_new(), X509_free}});
  X509* const own = out->certificate.get();
  X509_set_version(own, 2);
  std::uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(own), serial >> 1 | 1);
  X509_gmtime_adj(X509_getm_notBefore(own), spec.from_days * kDay);
  // An hour more: "in 6 days" stays that for as long as a test runs.
  X509_gmtime_adj(X509_getm_notAfter(own), spec.to_days * kDay + (spec.to_days > 0 ? 3600 : -3600));
  X509_NAME_add_entry_by_txt(X509_get_subject_name(own), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(spec.name.c_str()), -1, -1, 0);
  must(X509_set_pubkey(own, out->key.get()) == 1);
  const Made& issuer = spec.issuer.empty() ? *out : made(spec.issuer);
  X509_set_issuer_name(own, X509_get_subject_name(issuer.certificate.get()));
  X509* const signer = issuer.certificate.get();
  if (spec.authority) extend(own, signer, NID_basic_constraints, "critical,CA:TRUE");
  if (!spec.hosts.empty()) {
    extend(own, signer, NID_subject_alt_name, alternative_names(spec.hosts));
  }
  if (spec.must_staple) extend(own, signer, NID_tlsfeature, "status_request");
  const EVP_MD* digest = spec.digest.empty() ? nullptr : EVP_get_digestbyname(spec.digest.c_str());
  must(X509_sign(own, issuer.key.get(), digest) > 0);
  write_pem(certificate(spec.name), own, nullptr);
  write_pem(key(spec.name), nullptr, out->key.get());
  made_.push_back(std::move(out));
}

std::filesystem::path Pki::certificate(const std::string& name) const {
  return dir_.path() / (name + ".pem");
}

std::filesystem::path Pki::key(const std::string& name) const {
  return dir_.path() / (name + ".key");
}

std::filesystem::path Pki::bundle(const std::vector<std::string>& names) const {
  std::string text;
  std::string file;
  for (const std::string& name : names) {
    text += read_file(certificate(name));
    file += name + "+";
  }
  return dir_.write(file + ".pem", text);
}

std::filesystem::path Pki::staple(const std::string& name, const std::string& status,
                                  const std::string& signer, int until_days) const {
  const Made& about = made(name);
  const std::string issuer = about.spec.issuer.empty() ? name : about.spec.issuer;
  const std::string line =
      "\t" + serial_of(about.certificate.get()) + "\tunknown\t/CN=" + name + "\n";
  std::string index;
  if (status == "good") index = "V\t350101000000Z\t" + line;
  if (status == "revoked") index = "R\t350101000000Z\t260102030405Z,keyCompromise" + line;
  const auto index_file = dir_.write("index.txt", index);
  dir_.write("index.txt.attr", "unique_subject = no\n");
  const std::filesystem::path out = dir_.path() / (name + "-" + status + signer + ".ocsp");
  const std::string by = signer.empty() ? issuer : signer;
  const Ran asked = run_program({"/usr/bin/openssl", "ocsp", "-issuer",
                                 certificate(issuer).string(), "-cert", certificate(name).string(),
                                 "-no_nonce", "-reqout", (dir_.path() / "request").string()});
  const Ran answered =
      run_program({"/usr/bin/openssl", "ocsp", "-index", index_file.string(), "-CA",
                   certificate(issuer).string(), "-rsigner", certificate(by).string(), "-rkey",
                   key(by).string(), "-reqin", (dir_.path() / "request").string(), "-respout",
                   out.string(), "-ndays", std::to_string(until_days)});
  if (!std::filesystem::exists(out)) {
    throw std::runtime_error("openssl ocsp: " + asked.err + answered.err);
  }
  return out;
}

TlsServer::TlsServer(const Pki& pki, const std::string& name, std::vector<std::string> arguments) {
  const auto conf = dir_.write("openssl.cnf",
                               "openssl_conf = top\n[top]\nssl_conf = ssl\n[ssl]\n"
                               "system_default = old\n[old]\nMinProtocol = TLSv1\n"
                               "CipherString = DEFAULT:@SECLEVEL=0\n");
  for (int attempt = 0; attempt < 5; ++attempt) {
    port_ = free_port();
    std::vector<std::string> argv{"/usr/bin/openssl",
                                  "s_server",
                                  "-accept",
                                  address(),
                                  "-cert",
                                  pki.certificate(name).string(),
                                  "-key",
                                  pki.key(name).string(),
                                  "-www"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    Child::Options options;
    options.env = {"OPENSSL_CONF=" + conf.string()};
    options.err = dir_.path() / "error.log";
    child_ = std::make_unique<Child>(argv, options);
    const auto there = [this] { return !child_->running() || listens(port_); };
    if (eventually(there) && child_->running()) return;
  }
  throw std::runtime_error("openssl s_server: " + read_file(dir_.path() / "error.log"));
}

}  // namespace tocsin
