"""authority - keys and certificates for tests, by the program openssl: who lacks it finds has_openssl() false."""
import shutil
import subprocess


def has_openssl():
    return shutil.which("openssl") is not None


class Authority:
    """Makes keys and certificates in a folder: NAME.key, NAME.crt, and its own in ca.crt."""

    def __init__(self, folder, name="ca"):
        self.folder, self.name = folder, name
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                     "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt")

    def openssl(self, *argv):
        subprocess.run(["openssl", *argv], cwd=self.folder, check=True, capture_output=True)

    def issue(self, name, days="2"):
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                     "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{self.name}.crt", "-CAkey", f"{self.name}.key",
                     "-CAcreateserial", "-days", days, "-out", f"{name}.crt")

    def path(self, name):
        return str(self.folder / name)

    def files(self, name, ca="ca"):
        return [self.path(f"{name}.key"), self.path(f"{name}.crt"), self.path(f"{ca}.crt")]

    def options(self, name):
        key, crt, ca = self.files(name)
        return ["-p", key, "-c", crt, "-C", ca]
