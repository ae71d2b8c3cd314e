/* SoftHSM with faults: a PKCS#11 module that does what the file `fault` beside it says.
 *
 * It reads `softhsm2.conf` beside it, and adds a byte to `logins` for each login that is tried, so
 * that a test need not change the environment of its process.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long ulong;
typedef ulong (*call)();

/* PKCS#11 v2.40: CK_FUNCTION_LIST, all functions in their order. */
struct functions {
    unsigned char version[2];
    call of[68];
};
enum { INITIALIZE = 0, GET_SLOT_LIST = 4, GET_TOKEN_INFO = 6, GET_MECHANISM_LIST = 7, LOGIN = 18,
       FIND_OBJECTS_INIT = 26, SIGN_INIT = 42 };

static struct functions ours;
static const struct functions *softhsm;

static const char *beside(const char *name) {
    static __thread char path[4096];
    char here[4096];
    Dl_info info;
    dladdr((void *)beside, &info);
    snprintf(here, sizeof here, "%s", info.dli_fname);
    snprintf(path, sizeof path, "%s/%s", dirname(here), name);
    return path;
}

static int fault_is(const char *wanted) {
    char word[64] = "";
    FILE *file = fopen(beside("fault"), "r");
    if (!file) return 0;
    if (!fgets(word, sizeof word, file)) word[0] = 0;
    fclose(file);
    return strcmp(word, wanted) == 0;
}

static void hang_while(const char *fault) {
    while (fault_is(fault)) usleep(5000);
}

static ulong initialize(void *arguments) {
    setenv("SOFTHSM2_CONF", beside("softhsm2.conf"), 1);
    hang_while("hangs in C_Initialize");
    return softhsm->of[INITIALIZE](arguments);
}

static ulong get_slot_list(unsigned char present, ulong *slots, ulong *count) {
    if (fault_is("removed")) {
        *count = 0;
        return 0;
    }
    return softhsm->of[GET_SLOT_LIST](present, slots, count);
}

/* The flags of CK_TOKEN_INFO come after its four texts of 96 bytes. */
static ulong get_token_info(ulong slot, unsigned char *info) {
    ulong result = softhsm->of[GET_TOKEN_INFO](slot, info);
    ulong *flags = (ulong *)(info + 96);
    if (fault_is("last try")) *flags |= 0x20000;
    if (fault_is("locked")) *flags |= 0x40000;
    return result;
}

/* Without PSS: CKM_RSA_PKCS_PSS and its kin become CKM_RSA_PKCS. */
static ulong get_mechanism_list(ulong slot, ulong *list, ulong *count) {
    ulong result = softhsm->of[GET_MECHANISM_LIST](slot, list, count);
    if (list && fault_is("no PSS"))
        for (ulong i = 0; i < *count; i++)
            if (list[i] == 0x0d || list[i] == 0x0e || (list[i] >= 0x43 && list[i] <= 0x47)) list[i] = 1;
    return result;
}

static ulong login(ulong session, ulong user, unsigned char *pin, ulong length) {
    FILE *file = fopen(beside("logins"), "a");
    if (file) {
        fputc('.', file);
        fclose(file);
    }
    if (fault_is("locks")) return 0xa4; /* CKR_PIN_LOCKED */
    return softhsm->of[LOGIN](session, user, pin, length);
}

/* Without public keys: a search for CKO_PUBLIC_KEY becomes one for CKO_SECRET_KEY. */
struct attribute {
    ulong type;
    ulong *value;
    ulong length;
};
static ulong find_objects_init(ulong session, struct attribute *template, ulong count) {
    ulong secret_key = 4;
    if (fault_is("no public keys"))
        for (ulong i = 0; i < count; i++)
            if (template[i].type == 0 && *template[i].value == 2) template[i].value = &secret_key;
    return softhsm->of[FIND_OBJECTS_INIT](session, template, count);
}

static ulong sign_init(ulong session, void *mechanism, ulong key) {
    hang_while("hangs in C_SignInit");
    if (fault_is("removed")) return 0x32; /* CKR_DEVICE_REMOVED */
    if (fault_is("session lost once")) {
        unlink(beside("fault"));
        return 0xb3; /* CKR_SESSION_HANDLE_INVALID */
    }
    return softhsm->of[SIGN_INIT](session, mechanism, key);
}

ulong C_GetFunctionList(struct functions **list) {
    if (!softhsm) {
        void *library = dlopen(SOFTHSM, RTLD_NOW);
        call get = library ? (call)dlsym(library, "C_GetFunctionList") : NULL;
        if (!get || get(&softhsm)) return 5; /* CKR_GENERAL_ERROR */
        ours = *softhsm;
        ours.of[INITIALIZE] = initialize;
        ours.of[GET_SLOT_LIST] = get_slot_list;
        ours.of[GET_TOKEN_INFO] = get_token_info;
        ours.of[GET_MECHANISM_LIST] = get_mechanism_list;
        ours.of[LOGIN] = login;
        ours.of[FIND_OBJECTS_INIT] = find_objects_init;
        ours.of[SIGN_INIT] = sign_init;
    }
    *list = &ours;
    return 0;
}
