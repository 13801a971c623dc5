// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/rs256.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <limits>
#include <stdexcept>
#include <utility>

#include "net/x509_handles.h"

namespace tocsin {
namespace {

constexpr int kLeastBits = 2048;

// OpenSSL would ask the terminal for an encrypted key's password.
int no_password(char*, int, int, void*) {
  return -1;
}

}  // namespace

std::shared_ptr<const Rs256Key> Rs256Key::parse(std::string_view pem) {
  if (pem.size() > std::numeric_limits<int>::max()) return nullptr;
  const BioHandle bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  std::shared_ptr<EVP_PKEY> key(
      bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr) : nullptr,
      EVP_PKEY_free);
  ERR_clear_error();
  const bool fits =
      key && EVP_PKEY_is_a(key.get(), "RSA") == 1 && EVP_PKEY_get_bits(key.get()) >= kLeastBits;
  return fits ? std::shared_ptr<const Rs256Key>(new Rs256Key(std::move(key))) : nullptr;
}

std::string Rs256Key::sign(std::string_view text) const {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                                   EVP_MD_CTX_free);
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(key_.get()));
  std::string out(size, '\0');
  const bool signed_it =
      context &&
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes,
                     text.size()) == 1;
  ERR_clear_error();
  if (!signed_it) throw std::runtime_error("OpenSSL cannot sign");
  out.resize(size);
  return out;
}

}  // namespace tocsin
