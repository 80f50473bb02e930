import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes SHELL complete relay's commands and options.

    \b
    bash: relay completion bash > ~/.local/share/bash-completion/completions/relay
    zsh:  relay completion zsh > ~/.zfunc/_relay, with fpath+=~/.zfunc before compinit
    fish: relay completion fish > ~/.config/fish/completions/relay.fish
    """  # noqa: D301 - click's mark for lines that stay as they are
    from click.shell_completion import get_completion_class  # noqa: PLC0415

    from relay.cli import relay  # noqa: PLC0415

    kind = get_completion_class(shell)
    assert kind is not None
    # Not source(): it starts a shell to see how old it is, which that of another machine does not tell.
    made = kind(relay, {}, "relay", "_RELAY_COMPLETE")
    click.echo(made.source_template % made.source_vars())
