/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A certificate for the first start: ECDSA P-256, one year, signed by its own key. */
#include "base/addr.h"
#include "base/error.h"
#include "base/random.h"
#include "net/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    VALID_S = 365 * 24 * 3600,
    BACKDATED_S = 3600, /* clients' clocks differ */
    SERIAL_LEN = 16,
    HOST_NAME_LEN = 256,
    KEY_MODE = 0600,
    CERT_MODE = 0644,
    PATH_LEN = 4096,
};

/* ---- The certificate ---- */

/* One name of the subjectAltName: an address or a DNS name. */
static bool add_name(GENERAL_NAMES *names, const char *text)
{
    struct sl_addr addr;
    GENERAL_NAME *name = GENERAL_NAME_new();

    if (!name)
        return false;
    if (sl_addr_parse_ip(text, 0, &addr) == 0) {
        bool v4 = sl_addr_is_v4(&addr);
        ASN1_OCTET_STRING *ip = ASN1_OCTET_STRING_new();
        if (!ip || !ASN1_OCTET_STRING_set(ip, v4 ? addr.ip + 12 : addr.ip, v4 ? 4 : 16)) {
            ASN1_OCTET_STRING_free(ip);
            goto fail;
        }
        GENERAL_NAME_set0_value(name, GEN_IPADD, ip);
    } else {
        ASN1_IA5STRING *dns = ASN1_IA5STRING_new();
        if (!dns || !ASN1_STRING_set(dns, text, -1)) {
            ASN1_IA5STRING_free(dns);
            goto fail;
        }
        GENERAL_NAME_set0_value(name, GEN_DNS, dns);
    }
    if (sk_GENERAL_NAME_push(names, name) > 0)
        return true;
fail:
    GENERAL_NAME_free(name);
    return false;
}

static bool add_names(X509 *cert, const char *const *given, size_t given_count)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    char host[HOST_NAME_LEN] = "";
    bool ok = names && add_name(names, "localhost");

    if (gethostname(host, sizeof(host) - 1) == 0 && host[0] && strcmp(host, "localhost") != 0)
        ok = ok && add_name(names, host);
    for (size_t i = 0; i < given_count; i++)
        ok = ok && add_name(names, given[i]);
    ok = ok && X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0) == 1;
    GENERAL_NAMES_free(names);
    return ok;
}

static bool set_serial(X509 *cert)
{
    uint8_t bytes[SERIAL_LEN];

    sl_random_bytes(bytes, sizeof(bytes));
    bytes[0] &= 0x7f; /* positive */
    BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    bool ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
    BN_free(number);
    return ok;
}

static X509 *make_certificate(EVP_PKEY *key, const char *const *names, size_t name_count)
{
    X509 *cert = X509_new();
    bool ok = cert && X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
              X509_gmtime_adj(X509_getm_notBefore(cert), -BACKDATED_S) &&
              X509_gmtime_adj(X509_getm_notAfter(cert), VALID_S) && X509_set_pubkey(cert, key) == 1;
    X509_NAME *subject = cert ? X509_get_subject_name(cert) : NULL;

    ok = ok &&
         X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                    (const unsigned char *)"sluice self-signed", -1, -1, 0) == 1;
    ok = ok && X509_set_issuer_name(cert, subject) == 1 && add_names(cert, names, name_count) &&
         X509_sign(cert, key, EVP_sha256()) > 0;
    if (ok)
        return cert;
    X509_free(cert);
    return NULL;
}

/* ---- The files ---- */

/* Writes beside the file and renames, so that no half-written one is ever read. */
static int write_file(const char *file, mode_t mode, EVP_PKEY *key, X509 *cert,
                      struct sl_error *error)
{
    char temporary[PATH_LEN];
    int err = 0;

    if (snprintf(temporary, sizeof(temporary), "%s.new", file) >= (int)sizeof(temporary))
        return sl_error_set(error, -ENAMETOOLONG, "%s: the name is too long", file);
    (void)unlink(temporary); /* of an earlier try that was interrupted */
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return sl_error_set(error, -errno, "%s: %s", temporary, strerror(errno));
    FILE *stream = fdopen(fd, "w");
    if (!stream) {
        (void)close(fd); /* nothing is in it */
        err = -ENOMEM;
    } else {
        int ok = key ? PEM_write_PrivateKey(stream, key, NULL, NULL, 0, NULL, NULL)
                     : PEM_write_X509(stream, cert);
        if (ok != 1)
            err = -EIO;
        if (fclose(stream) != 0)
            err = -errno;
    }
    if (err == 0 && rename(temporary, file) < 0)
        err = -errno;
    if (err < 0) {
        (void)unlink(temporary); /* the first error counts */
        return sl_error_set(error, err, "%s: %s", file, strerror(-err));
    }
    return 0;
}

int sl_tls_self_signed(const char *cert_file, const char *key_file, const char *const *names,
                       size_t name_count, struct sl_error *error)
{
    if (access(cert_file, F_OK) == 0 && access(key_file, F_OK) == 0)
        return 0;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = key ? make_certificate(key, names, name_count) : NULL;
    int err;

    if (!cert)
        err = sl_error_set(error, -EINVAL, "certificate %s: cannot be made", cert_file);
    else
        err = write_file(key_file, KEY_MODE, key, NULL, error);
    if (err == 0)
        err = write_file(cert_file, CERT_MODE, NULL, cert, error);
    X509_free(cert);
    EVP_PKEY_free(key);
    return err;
}
