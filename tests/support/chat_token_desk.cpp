// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "support/chat_token_desk.h"

#include <Poco/Base64Decoder.h>
#include <Poco/Base64Encoder.h>
#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeFormatter.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <Poco/Timestamp.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <chrono>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "util/text.h"

namespace tocsin {

using Poco::JSON::Object;

struct ChatTokenDesk::Key {
  Key() : pair(EVP_RSA_gen(2048), EVP_PKEY_free) {
    if (!pair) throw std::runtime_error("no RSA key could be made");
  }
  std::string pem() const {
    const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_PKCS8PrivateKey(bio.get(), pair.get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
  }
  bool verifies(const std::string& text, const std::string& signature) const {
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                                     EVP_MD_CTX_free);
    const auto bytes = [](const std::string& s) {
      return reinterpret_cast<const unsigned char*>(s.data());
    };
    return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, pair.get()) == 1 &&
           EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(text),
                            text.size()) == 1;
  }

  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> pair;
};

namespace {

constexpr std::chrono::minutes kSkew{5};
constexpr std::int64_t kLongestLife = 3600;
const std::string kTimes =
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
    "Check your iat and exp values in the JWT claim.";

std::string decoded(const std::string& base64url) {
  std::istringstream in(base64url);
  Poco::Base64Decoder decoder(in, Poco::BASE64_URL_ENCODING | Poco::BASE64_NO_PADDING);
  return {std::istreambuf_iterator<char>(decoder), std::istreambuf_iterator<char>()};
}

std::map<std::string, std::string> fields_of(const std::string& form) {
  std::map<std::string, std::string> out;
  std::istringstream in(form);
  for (std::string pair; std::getline(in, pair, '&');) {
    const std::size_t equals = std::min(pair.find('='), pair.size());
    std::string value;
    if (!percent_decode(pair.substr(std::min(equals + 1, pair.size())), value)) value.clear();
    out[pair.substr(0, equals)] = value;
  }
  return out;
}

std::string json_of(const Object& object) {
  std::ostringstream out;
  object.stringify(out);
  return out.str();
}

std::string text_in(const Object& object, const std::string& key) {
  const auto value = object.get(key);
  return value.isString() ? value.extract<std::string>() : std::string();
}

}  // namespace

ChatTokenDesk::ChatTokenDesk() {
  // Making one takes some tenths of a second: all desks begin with the same.
  static const auto first = std::make_shared<const Key>();
  key_ = first;
}

void ChatTokenDesk::renew_key() {
  key_ = std::make_shared<const Key>();
}

std::string ChatTokenDesk::key_file(const std::string& uri) const {
  Object file;
  file.set("type", "service_account");
  file.set("project_id", "stand-in");
  file.set("private_key_id", "0123456789abcdef0123456789abcdef01234567");
  file.set("private_key", key_->pem());
  file.set("client_email", kEmail);
  file.set("client_id", "123456789012345678901");
  file.set("token_uri", uri);
  return json_of(file);
}

WallTime ChatTokenDesk::now() const {
  return std::chrono::floor<Millis>(std::chrono::system_clock::now()) + rules_.clock_ahead;
}

HttpReply ChatTokenDesk::reply(int status, const std::string& body) const {
  HttpReply reply;
  reply.status = status;
  reply.body = body;
  const Poco::Timestamp date(now().time_since_epoch().count() * 1000);
  reply.headers.emplace_back(
      "Date", Poco::DateTimeFormatter::format(date, Poco::DateTimeFormat::HTTP_FORMAT));
  return reply;
}

HttpReply ChatTokenDesk::refuse(const Refused& refused) {
  refused_.push_back(refused.error + ": " + refused.description);
  Object body;
  body.set("error", refused.error);
  body.set("error_description", refused.description);
  return reply(refused.status, json_of(body));
}

HttpReply ChatTokenDesk::post(const HttpAsked& asked, const std::string& uri) {
  try {
    check_claims(check(asked, uri), uri);
  } catch (const Refused& refused) {
    return refuse(refused);
  } catch (const Poco::Exception&) {
    return refuse({400, "invalid_grant", "Invalid JWT: it cannot be read."});
  }
  const std::string token = "ya29.stand-in-" + random_uuid();
  tokens_[token] = std::chrono::steady_clock::now() + std::chrono::seconds{rules_.expires_in};
  ++given_;
  Object body;
  body.set("access_token", token);
  body.set("expires_in", rules_.expires_in);
  body.set("token_type", "Bearer");
  return reply(200, json_of(body));
}

// The JWT in the form, its signature verified.
std::string ChatTokenDesk::check(const HttpAsked& asked, const std::string& uri) const {
  if (asked.method != "POST") throw Refused{405, "invalid_request", "Only POST is for " + uri};
  if (to_lower(asked.header("Content-Type")) != "application/x-www-form-urlencoded") {
    throw Refused{400, "invalid_request", "This is no form."};
  }
  auto fields = fields_of(asked.body);
  if (fields["grant_type"] != "urn:ietf:params:oauth:grant-type:jwt-bearer") {
    throw Refused{400, "unsupported_grant_type", "Invalid grant_type: " + fields["grant_type"]};
  }
  const std::string jwt = fields["assertion"];
  const std::size_t last = jwt.rfind('.');
  if (last == std::string::npos || jwt.find('=') != std::string::npos) {
    throw Refused{400, "invalid_grant", "Invalid JWT: it is none."};
  }
  const std::string header = decoded(jwt.substr(0, jwt.find('.')));
  const auto object = Poco::JSON::Parser().parse(header).extract<Object::Ptr>();
  const bool fits = text_in(*object, "alg") == "RS256" && text_in(*object, "typ") == "JWT";
  if (!has_account_) throw Refused{400, "invalid_grant", "Invalid grant: account not found"};
  if (!fits || !key_->verifies(jwt.substr(0, last), decoded(jwt.substr(last + 1)))) {
    throw Refused{400, "invalid_grant", "Invalid JWT Signature."};
  }
  return jwt;
}

void ChatTokenDesk::check_claims(const std::string& jwt, const std::string& uri) const {
  const std::size_t dot = jwt.find('.');
  const std::string text = decoded(jwt.substr(dot + 1, jwt.rfind('.') - dot - 1));
  const auto claims = Poco::JSON::Parser().parse(text).extract<Object::Ptr>();
  if (text_in(*claims, "iss") != kEmail) {
    throw Refused{400, "invalid_grant", "Invalid grant: account not found"};
  }
  if (claims->has("sub")) throw Refused{401, "unauthorized_client", "Client is unauthorized."};
  if (text_in(*claims, "aud") != uri) {
    throw Refused{400, "invalid_grant", "Invalid JWT: Failed audience check."};
  }
  if (text_in(*claims, "scope") != "https://www.googleapis.com/auth/chat.bot") {
    throw Refused{400, "invalid_scope", "Invalid OAuth scope or ID token audience provided."};
  }
  const auto iat = claims->getValue<std::int64_t>("iat");
  const auto exp = claims->getValue<std::int64_t>("exp");
  const auto at = std::chrono::duration_cast<std::chrono::seconds>(now().time_since_epoch());
  const std::int64_t skew = std::chrono::seconds{kSkew}.count();
  const bool timely = iat <= at.count() + skew && exp > at.count() && exp > iat;
  if (!timely || exp - iat > kLongestLife) throw Refused{400, "invalid_grant", kTimes};
}

bool ChatTokenDesk::knows(std::string_view authorization) const {
  constexpr std::string_view kBearer = "Bearer ";
  if (!authorization.starts_with(kBearer)) return false;
  const auto found = tokens_.find(std::string(authorization.substr(kBearer.size())));
  return found != tokens_.end() && std::chrono::steady_clock::now() < found->second;
}

}  // namespace tocsin
