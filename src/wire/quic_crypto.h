/*
 * quic_crypto.h - the three primitives that Initial packets need (RFC 9001 section 5), from libcrypto.
 *
 * OpenSSL 1.1 and later, LibreSSL. Safe in every thread.
 * Errors:  false: the library failed, or the message is not authentic.
 */
#pragma once

enum { QUIC_HASH = 32, QUIC_KEY = 16, QUIC_IV = 12, QUIC_TAG = 16, QUIC_SAMPLE = 16 };

/* Call it once, before the sandbox: it keeps the library from reading a configuration file later. */
void quic_crypto_start(void);

/* HMAC-SHA256 */
bool quic_hmac(const uint8_t *key, size_t key_len, const uint8_t *data, size_t len, uint8_t out[QUIC_HASH]);
/* AES-128, one block */
bool quic_block(const uint8_t key[QUIC_KEY], const uint8_t in[QUIC_SAMPLE], uint8_t out[QUIC_SAMPLE]);
/* AES-128-GCM, in place; len includes the tag behind the text. */
bool quic_open(const uint8_t key[QUIC_KEY], const uint8_t nonce[QUIC_IV], const uint8_t *header, size_t header_len,
    uint8_t *data, size_t len);
