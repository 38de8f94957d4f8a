#include "config.h"

#include "wire/quic_crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

void
quic_crypto_start(void)
{
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
}

bool
quic_hmac(const uint8_t *key, size_t key_len, const uint8_t *data, size_t len, uint8_t out[QUIC_HASH])
{
	return HMAC(EVP_sha256(), key, (int)key_len, data, len, out, NULL) != NULL;
}

bool
quic_block(const uint8_t key[QUIC_KEY], const uint8_t in[QUIC_SAMPLE], uint8_t out[QUIC_SAMPLE])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;
	bool ok = ctx != NULL && EVP_EncryptInit_ex(ctx, EVP_aes_128_ecb(), NULL, key, NULL) == 1 &&
	    EVP_EncryptUpdate(ctx, out, &n, in, QUIC_SAMPLE) == 1 && n == QUIC_SAMPLE;

	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

bool
quic_open(const uint8_t key[QUIC_KEY], const uint8_t nonce[QUIC_IV], const uint8_t *header, size_t header_len,
    uint8_t *data, size_t len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	const int text_len = (int)len - QUIC_TAG;
	int n;
	bool ok = ctx != NULL && text_len >= 0 &&
	    EVP_DecryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, key, nonce) == 1 &&
	    EVP_DecryptUpdate(ctx, NULL, &n, header, (int)header_len) == 1 &&
	    EVP_DecryptUpdate(ctx, data, &n, data, text_len) == 1 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, QUIC_TAG, data + text_len) == 1 &&
	    EVP_DecryptFinal_ex(ctx, data + text_len, &n) == 1;

	EVP_CIPHER_CTX_free(ctx);
	return ok;
}
