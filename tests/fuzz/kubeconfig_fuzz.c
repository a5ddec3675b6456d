/* kubeconfig_fuzz: whatever the text, what is read of it is fit to be used, and what is not read is
 * refused in one line that names the file. */
#include "cluster/kubeconfig.h"
#include "fuzz.h"

static const char name[] = "folder/fuzz.yaml";

static void check_pem(const struct kubeconfig_pem *pem)
{
    CHECK((pem->place != NULL) == (pem->file || pem->text.len > 0));
    CHECK(!pem->place || !strncmp(pem->place, name, strlen(name)));
    CHECK(!pem->file || pem->file[0] == '/' || !strncmp(pem->file, "folder/", 7));
}

/* Nothing in it can end a header's line. */
static void check_token(const char *token)
{
    CHECK(*token);
    for (; *token; token++)
        CHECK(*token > ' ' && (unsigned char)*token < 0x7f);
}

static void check(const struct kubeconfig *kubeconfig)
{
    const char *server = kubeconfig->server;

    CHECK(!strncmp(server, "https://", 8) && server[8]);
    CHECK(server[strlen(server) - 1] != '/');
    CHECK(!strpbrk(server, " \t\r\n?#"));
    CHECK(!kubeconfig->tls_server_name || !strpbrk(kubeconfig->tls_server_name, " \r\n/:@"));
    CHECK((kubeconfig->certificate.place != NULL) == (kubeconfig->key.place != NULL));
    check_pem(&kubeconfig->ca);
    check_pem(&kubeconfig->certificate);
    check_pem(&kubeconfig->key);
    if (kubeconfig->token)
        check_token(kubeconfig->token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source source = {name, {(const char *)data, size}};
    struct kubeconfig kubeconfig = {0};
    struct arena arena = {0};
    struct error err = {0};

    if (kubeconfig_parse(&source, &arena, &kubeconfig, &err)) {
        check(&kubeconfig);
    } else {
        CHECK(!strncmp(err.text, name, strlen(name)));
        CHECK(!strchr(err.text, '\n'));
    }
    arena_release(&arena);
    return 0;
}
