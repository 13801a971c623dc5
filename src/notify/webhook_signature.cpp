// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/webhook_signature.h"

#include <Poco/Base64Decoder.h>
#include <Poco/Base64Encoder.h>
#include <Poco/Exception.h>
#include <Poco/HMACEngine.h>
#include <Poco/SHA2Engine.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <sstream>

namespace tocsin {
namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr std::size_t kShortest = 24;
constexpr std::size_t kLongest = 64;

// What Poco's HMAC wants to know of a hash (RFC 2104: SHA-256 has blocks of 64 bytes).
class Sha256 : public Poco::SHA2Engine {
 public:
  enum { BLOCK_SIZE = 64, DIGEST_SIZE = 32 };
  Sha256() : Poco::SHA2Engine(Poco::SHA2Engine::SHA_256) {}
};

std::string in_base64(const Poco::DigestEngine::Digest& bytes) {
  std::ostringstream out;
  Poco::Base64Encoder encoder(out);
  encoder.rdbuf()->setLineLength(0);
  encoder.write(reinterpret_cast<const char*>(bytes.data()),
                static_cast<std::streamsize>(bytes.size()));
  encoder.close();
  return out.str();
}

bool is_base64(std::string_view text) {
  const auto padding = text.find('=');
  const std::string_view digits = text.substr(0, padding);
  const auto is_digit = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/';
  };
  const std::string_view rest = text.substr(digits.size());
  return text.size() % 4 == 0 && std::all_of(digits.begin(), digits.end(), is_digit) &&
         (rest.empty() || rest == "=" || rest == "==");
}

std::string sign(const std::string& key, std::string_view text) {
  Poco::HMACEngine<Sha256> hmac(key.data(), key.size());
  hmac.update(text.data(), text.size());
  return in_base64(hmac.digest());
}

}  // namespace

std::optional<std::string> parse_webhook_secret(std::string_view text) {
  if (!text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  if (!is_base64(text)) return std::nullopt;
  std::istringstream in{std::string(text)};
  Poco::Base64Decoder decoder(in);
  std::string key{std::istreambuf_iterator<char>(decoder), {}};
  if (key.size() < kShortest || key.size() > kLongest) return std::nullopt;
  return key;
}

std::string webhook_signature(const std::vector<std::string>& keys, std::string_view id,
                              std::string_view timestamp, std::string_view body) {
  std::string text(id);
  text.append(".").append(timestamp).append(".").append(body);
  std::string out;
  for (const std::string& key : keys) out += (out.empty() ? "v1," : " v1,") + sign(key, text);
  return out;
}

}  // namespace tocsin
