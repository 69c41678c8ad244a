"""Words that common passwords are built from, in lower-case letters only."""

BASES = frozenset(
    """abc abcd abcde abcdef abcdefg access account admin administrator aaa aaaa alexander amanda andrea
    andrew angel anthony apple asdf asdfg asdfgh asdfghjkl ashley august austin autumn azerty banana barcelona
    baseball basketball batman berlin biteme blink buster butterfly changeit changeme charlie cheese chelsea
    chicken chocolate computer cookie daniel december default demo diamond dragon eminem england family
    february flower football forever freedom friday friends fuckyou gfhjkm ginger google guest hannah harley
    hello hockey hunter iloveyou internet january jennifer jessica jordan joseph joshua july june killer
    letmein liverpool login london love loveme lovely madrid maggie manager march marina marketplace master
    matrix matthew merlin michael michelle minecraft monday money monkey mother mustang mypass mypassword
    nicole ninja november october orange pass passe passw passwd password passwort passphrase paris pepper
    player please pokemon princess purple qazwsx qazwsxedc qwe qwer qwert qwerty qwertyu qwertyui qwertyuiop
    qwertz raiders ranger root samantha samsung saturday secret secure security september server shadow soccer
    spring starwars steelers summer sunday sunshine super superman support sweet system temp temporary test
    testing tester testuser thomas thursday tigger trustno trustnoone tuesday user username vfrcbv victoria
    wednesday welcome whatever william winter yellow zaq zaqwsx zxc zxcv zxcvb zxcvbn zxcvbnm contrasena
    contraseña clave""".split()
)
